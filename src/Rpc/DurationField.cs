using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Rpc;

/// <summary>Durations of the API's messages.</summary>
public static class DurationField
{
    /// <summary>Null stays null.</summary>
    /// <param name="message">What the client sent.</param>
    /// <param name="field">Its name, for the error.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT: duration.proto forbids this value.</exception>
    public static TimeSpan? FromProto(Duration? message, string field)
    {
        try
        {
            return message?.ToTimeSpan();
        }
        catch (InvalidOperationException)
        {
            throw new RpcException(new Status(
                StatusCode.InvalidArgument, $"{field} is no valid google.protobuf.Duration"));
        }
    }
}
