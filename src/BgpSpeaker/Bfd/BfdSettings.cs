namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>
/// What the operator sets for a session. Fixed for every session: asynchronous mode (we never set D), no echo (Required
/// Min Echo RX is zero), no authentication, C clear (this BFD lives and dies with the speaker's process), the active
/// role of RFC 5880 section 6.1.
/// </summary>
/// <param name="DesiredMinTxInterval">We send no more often; 1 µs to 71 minutes, whole microseconds.</param>
/// <param name="RequiredMinRxInterval">We take packets no more often; 1 µs to 71 minutes, whole microseconds.</param>
/// <param name="DetectMult">So many of our intervals of silence are a failure to the remote system; 1–255.</param>
public sealed record BfdSettings(
    TimeSpan DesiredMinTxInterval, TimeSpan RequiredMinRxInterval, byte DetectMult);
