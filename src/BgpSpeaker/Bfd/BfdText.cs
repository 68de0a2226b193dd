using System.Globalization;

namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>Names for people, as RFC 5880 writes them.</summary>
public static class BfdText
{
    /// <summary>The diagnostic's name, or its number if the RFC reserves it.</summary>
    public static string Describe(BfdDiagnostic diagnostic) => diagnostic switch
    {
        BfdDiagnostic.None => "No Diagnostic",
        BfdDiagnostic.ControlDetectionTimeExpired => "Control Detection Time Expired",
        BfdDiagnostic.EchoFunctionFailed => "Echo Function Failed",
        BfdDiagnostic.NeighborSignaledSessionDown => "Neighbor Signaled Session Down",
        BfdDiagnostic.ForwardingPlaneReset => "Forwarding Plane Reset",
        BfdDiagnostic.PathDown => "Path Down",
        BfdDiagnostic.ConcatenatedPathDown => "Concatenated Path Down",
        BfdDiagnostic.AdministrativelyDown => "Administratively Down",
        BfdDiagnostic.ReverseConcatenatedPathDown => "Reverse Concatenated Path Down",
        _ => Unknown("diagnostic", (byte)diagnostic),
    };

    /// <summary>The authentication type's name, or its number if the RFC reserves it.</summary>
    public static string Describe(BfdAuthenticationType type) => type switch
    {
        BfdAuthenticationType.SimplePassword => "Simple Password",
        BfdAuthenticationType.KeyedMd5 => "Keyed MD5",
        BfdAuthenticationType.MeticulousKeyedMd5 => "Meticulous Keyed MD5",
        BfdAuthenticationType.KeyedSha1 => "Keyed SHA1",
        BfdAuthenticationType.MeticulousKeyedSha1 => "Meticulous Keyed SHA1",
        _ => Unknown("authentication type", (byte)type),
    };

    /// <summary>Why a packet was discarded, in one line.</summary>
    /// <param name="reason">What the decoder or the demultiplexer answered.</param>
    /// <param name="packet">What was decoded; names the authentication that is refused.</param>
    public static string Describe(BfdDiscardReason reason, in BfdPacket packet) => reason switch
    {
        BfdDiscardReason.None => "accepted",
        BfdDiscardReason.WrongVersion => "the version is not 1",
        BfdDiscardReason.TooShort => "the packet is too short",
        BfdDiscardReason.LengthBeyondPayload => "Length is greater than the payload",
        BfdDiscardReason.ZeroDetectMult => "Detect Mult is zero",
        BfdDiscardReason.Multipoint => "the Multipoint bit is set",
        BfdDiscardReason.ZeroMyDiscriminator => "My Discriminator is zero",
        BfdDiscardReason.UnknownYourDiscriminator => "Your Discriminator is not one of ours",
        BfdDiscardReason.ZeroYourDiscriminator => $"Your Discriminator is zero in state {packet.State}",
        BfdDiscardReason.NoSession => "no session with that system on that path",
        BfdDiscardReason.AuthenticationNotInUse =>
            $"authentication is not supported ({Describe(packet.Authentication.GetValueOrDefault())})",
        BfdDiscardReason.WrongPort => "it came to the port of the other kind of path",
        BfdDiscardReason.TtlTooLow => "its TTL is lower than the path allows",
        _ => reason.ToString(),
    };

    private static string Unknown(string what, byte value) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} {value}");
}
