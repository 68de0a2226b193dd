namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>Error numbers of Linux (errno-base.h, errno.h), the same on x64 and arm64.</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int Interrupted = 4;
    public const int TryAgain = 11;
    public const int OutOfMemory = 12;
    public const int AccessDenied = 13;
    public const int InvalidArgument = 22;
    public const int TableFull = 23;
    public const int TooManyOpenFiles = 24;
    public const int NoSuchCall = 38;
    public const int AddressInUse = 98;
    public const int AddressNotAvailable = 99;
    public const int ConnectionReset = 104;
    public const int NoBufferSpace = 105;
    public const int TimedOut = 110;
    public const int ConnectionRefused = 111;
    public const int InProgress = 115;
    public const int Cancelled = 125;

    /// <summary>Whether this node lacks something: it says nothing about the other side.</summary>
    public static bool IsLocalShortage(int errno) =>
        errno is OutOfMemory or TableFull or TooManyOpenFiles or NoBufferSpace or AddressNotAvailable or TryAgain;
}
