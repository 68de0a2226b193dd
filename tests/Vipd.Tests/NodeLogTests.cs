using System.Text;

namespace AnycastVip.Vipd.Tests;

public sealed class NodeLogTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(300)]
    [InlineData(4096)]
    public void A_line_is_one_write_so_that_lines_of_several_processes_do_not_mix(int length)
    {
        using var stream = new WriteRecorder();
        var writer = NodeLog.LineWriter(stream);
        var line = new string('x', length - 1) + "\n";

        writer.Write(line);
        writer.Write(line);

        Assert.Equal([line, line], stream.Writes);
    }

    private sealed class WriteRecorder : MemoryStream
    {
        public List<string> Writes { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer) => Writes.Add(Encoding.UTF8.GetString(buffer));
    }
}
