using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>What the kernel says about a network interface, by its name.</summary>
internal static partial class InterfaceLink
{
    private const nuint SiocGIfFlags = 0x8913;
    // struct ifreq: the name, then a union, here with the flags in its first two octets.
    private const int RequestOctets = 40;
    private const int NameOctets = 16;
    private const ushort UpAndRunning = 0x1 | 0x40;

    /// <summary>The interface's index; 0 when there is none of this name.</summary>
    [LibraryImport("libc", EntryPoint = "if_nametoindex", StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint IndexOf(string name);

    /// <summary>The index of an interface that is up and has a carrier (IFF_UP, IFF_RUNNING); null otherwise.</summary>
    /// <param name="socket">Any socket in the network namespace of the interface.</param>
    /// <param name="name">The interface's name: 1–15 characters.</param>
    public static int? RunningIndex(Socket socket, string name)
    {
        Span<byte> request = stackalloc byte[RequestOctets];
        request.Clear();
        Encoding.UTF8.GetBytes(name, request[..(NameOctets - 1)]);
        var index = (int)IndexOf(name);
        if (index == 0 || Ioctl(socket.SafeHandle, SiocGIfFlags, ref MemoryMarshal.GetReference(request)) != 0)
            return null;
        var flags = MemoryMarshal.Read<ushort>(request[NameOctets..]);
        return (flags & UpAndRunning) == UpAndRunning ? index : null;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeHandle socket, nuint request, ref byte argument);
}
