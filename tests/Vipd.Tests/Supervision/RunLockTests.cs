using AnycastVip.Vipd.Supervision;
using AnycastVip.Vipd.Tests.Configuration;

namespace AnycastVip.Vipd.Tests.Supervision;

public sealed class RunLockTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public void The_lock_is_held_once_and_can_be_taken_again_when_it_was_given_up()
    {
        // The directory is made where it does not exist.
        var directory = Path.Combine(_directory.FullName, "api");
        var held = RunLock.Take(directory);

        var error = Assert.Throws<IOException>(() => RunLock.Take(directory));

        Assert.Equal(
            $"{directory}/run.lock: another 'vipd run' holds this lock; stop it or set another api.directory",
            error.Message);
        held.Dispose();
        RunLock.Take(directory).Dispose();
    }

    [Fact]
    public void A_directory_that_cannot_be_one_is_refused_with_the_remedy()
    {
        var file = _directory.Write("file", "");

        var error = Assert.Throws<IOException>(() => RunLock.Take(file));

        Assert.StartsWith($"{file}/run.lock: cannot be locked (", error.Message);
        Assert.EndsWith("); make its directory writable or set another api.directory", error.Message);
    }

    public void Dispose() => _directory.Dispose();
}
