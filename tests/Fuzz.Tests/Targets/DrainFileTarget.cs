using System.Security.Cryptography;
using System.Text;
using AnycastVip.HealthGate.Drain;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>
/// The drain file: read or refused, and written again it says the same. After a first octet that is even comes the
/// whole file, after an odd one the value under the checksum, which is then right.
/// </summary>
internal sealed class DrainFileTarget : FuzzTarget
{
    public override string Name => "drain-file";

    public override int Share => 3;

    public override long AllocationBound(int inputLength) => 2 * 1024 * 1024 + (512L * inputLength);

    public override IEnumerable<byte[]> Seeds()
    {
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        DrainOrder[] orders =
        [
            new(new DrainTarget.Node(), "kernel", "ann", at), new(new DrainTarget.Vip("web"), "", "ben", at),
            new(new DrainTarget.Backend("web", "s1"), "é", "ann", at, TimeSpan.FromMinutes(5)),
            new(new DrainTarget.Peer("tor1"), "", "", at),
        ];
        var file = DrainFile.Write(orders.Aggregate(DrainSet.Empty, (set, order) => set.Drain(order)));
        var value = file.AsSpan(file.AsSpan().IndexOf((byte)'[')..^1);
        return [[0, .. file], [1, .. value], [1, .. "[]"u8]];
    }

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var signature = new Signature();
        if (input.IsEmpty)
            return signature.Value;
        var file = (input[0] & 1) == 0 ? input[1..].ToArray() : Wrap(input[1..]);
        var isRead = DrainFile.TryRead(file, out var drains, out var fault);
        PromiseBroken.Unless(isRead == (fault is null) && isRead == (drains is not null), "drains, or a fault");
        signature.Add(fault?.Length ?? 0);
        if (drains is null)
            return signature.Value;
        var written = DrainFile.Write(drains);
        PromiseBroken.Unless(DrainFile.TryRead(written, out var again, out _), "what we write, we read");
        PromiseBroken.Unless(drains.Orders.SequenceEqual(again!.Orders), "it says the same again");
        foreach (var order in drains.Orders)
            signature.Add(order.Target.GetType().Name.Length + (order.ConnectionTimeout is null ? 0 : 100));
        return signature.Value;
    }

    private static byte[] Wrap(ReadOnlySpan<byte> value) =>
    [
        .. Encoding.ASCII.GetBytes(
            $$"""{"version":1,"sha256":"{{Convert.ToHexStringLower(SHA256.HashData(value))}}","drains":"""),
        .. value, (byte)'}',
    ];
}
