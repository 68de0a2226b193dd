namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>Plays every BFD vector in process.</summary>
public sealed class BfdVectorTests
{
    public static TheoryData<string> Names => [.. BfdVectorFiles.All.Select(vector => vector.Name)];

    [Fact]
    public void Every_row_has_a_vector_and_every_vector_a_row() =>
        Assert.Equal(
            BfdVectorFiles.Rows.Order(), BfdVectorFiles.All.Select(vector => vector.Row).Distinct().Order());

    [Fact]
    public void Vector_names_are_unique() =>
        Assert.Equal(BfdVectorFiles.All.Count, BfdVectorFiles.All.DistinctBy(vector => vector.Name).Count());

    [Theory]
    [MemberData(nameof(Names))]
    public void The_session_does_as_the_vector_says(string name)
    {
        var vector = BfdVectorFiles.All.Single(vector => vector.Name == name);

        Assert.Contains(vector.Steps, step => step.Key == "expect");
        new BfdVectorRun(vector).Play();
    }
}
