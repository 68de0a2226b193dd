using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>The secret of <see cref="BfdDemultiplexer"/>.</summary>
internal static class BfdSecret
{
    private const string MachineId = "/etc/machine-id";

    /// <summary>From the machine's id, which machine-id(5) wants hashed with something of ours.</summary>
    public static ulong Of(SpeakerOptions options)
    {
        var machine = File.Exists(MachineId) ? File.ReadAllText(MachineId).Trim() : "";
        var node = string.Create(CultureInfo.InvariantCulture, $"bfd {options.NodeName} {options.RouterId} ");
        return BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(node + machine)));
    }
}
