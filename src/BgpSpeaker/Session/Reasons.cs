using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>What happened, in one line, for people.</summary>
internal static class Reasons
{
    public static string Started => "administratively up";

    public static string ConnectedAnew => "the peer connected anew";

    public static string AdministrativelyDown(string text) => With("administratively down", text);

    public static string Reset(string text) => With("reset by the operator", text);

    public static string HeldByBfd => "waits for BFD to be Up (strict)";

    public static string BfdDown(string reason) => With("BFD is Down", reason);

    public static string Sent(Notification notification) => $"sent {NotificationText.Describe(notification)}";

    public static string Received(Notification notification) => $"received {NotificationText.Describe(notification)}";

    public static string NoAnswer(PeerSettings settings) => $"no answer within {Seconds(settings.ConnectTimeout)}";

    public static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + " s";

    private static string With(string what, string text) =>
        text.Length == 0 ? what : $"{what}: {NotificationText.Printable(text)}";
}
