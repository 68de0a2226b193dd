using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd.Supervision;

/// <summary>Tells systemd the state of the service (sd_notify(3)): one datagram each, on a Unix socket.</summary>
/// <param name="address">A path, or a name in the abstract namespace after '@'; null when nobody listens.</param>
/// <param name="log">Takes what cannot be told.</param>
internal sealed partial class SystemdNotifier(string? address, ILogger log)
{
    private const string Variable = "NOTIFY_SOCKET";

    /// <summary>For whoever started this process. The programs that it starts are not asked to notify.</summary>
    public static SystemdNotifier FromEnvironment(ILogger log)
    {
        var address = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        return new SystemdNotifier(address, log);
    }

    /// <summary>The start or the reload is complete.</summary>
    public void Ready() => Send("READY=1");

    /// <summary>A reload begins.</summary>
    public void Reloading()
    {
        // The system's timestamps are CLOCK_MONOTONIC, as systemd wants it here.
        var microseconds = TimeProvider.System.GetElapsedTime(0).Ticks / TimeSpan.TicksPerMicrosecond;
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// <summary>The stop begins.</summary>
    public void Stopping() => Send("STOPPING=1");

    private void Send(string state)
    {
        if (string.IsNullOrEmpty(address))
            return;
        try
        {
            // Not blocking: a listener that does not read holds nobody up.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Blocking = false;
            var path = address[0] == '@' ? $"\0{address[1..]}" : address;
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path));
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            LogNotTold(address, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "systemd cannot be notified on {Address}: {Error}")]
    private partial void LogNotTold(string address, string error);
}
