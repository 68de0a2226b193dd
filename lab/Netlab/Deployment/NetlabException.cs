namespace AnycastVip.Netlab.Deployment;

/// <summary>Why a lab cannot be deployed, used or destroyed; the message is for its user.</summary>
public sealed class NetlabException : Exception
{
    /// <summary>Made with the reason.</summary>
    public NetlabException(string message)
        : base(message)
    {
    }

    /// <summary>Made with the reason and its cause.</summary>
    public NetlabException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
