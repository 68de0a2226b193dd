using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

// What is carried is the same on every transport. Where one cannot be had its tests fail and say why: a run that left
// them out would prove nothing.

public sealed class EpollRelayTests() : RelayTests(TransportKind.Epoll);

public sealed class IoUringRelayTests() : RelayTests(TransportKind.IoUring);

public sealed class EpollRandomScheduleTests() : RandomScheduleTests(TransportKind.Epoll);

public sealed class IoUringRandomScheduleTests() : RandomScheduleTests(TransportKind.IoUring);

public sealed class EpollPolicyTests() : PolicyTests(TransportKind.Epoll);

public sealed class IoUringPolicyTests() : PolicyTests(TransportKind.IoUring);

public sealed class EpollLocalClientTests() : LocalClientTests(TransportKind.Epoll);

public sealed class IoUringLocalClientTests() : LocalClientTests(TransportKind.IoUring);

public sealed class EpollTableTests() : TableTests(TransportKind.Epoll);

public sealed class IoUringTableTests() : TableTests(TransportKind.IoUring);

public sealed class EpollAllocationTests() : AllocationTests(TransportKind.Epoll);

public sealed class IoUringAllocationTests() : AllocationTests(TransportKind.IoUring);

public sealed class EpollQueueTests() : QueueTests(TransportKind.Epoll);

public sealed class IoUringQueueTests() : QueueTests(TransportKind.IoUring);

public sealed class EpollTimeoutTests() : TimeoutTests(TransportKind.Epoll);

public sealed class IoUringTimeoutTests() : TimeoutTests(TransportKind.IoUring);

public sealed class EpollReceiveHeaderTests() : ReceiveHeaderTests(TransportKind.Epoll);

public sealed class IoUringReceiveHeaderTests() : ReceiveHeaderTests(TransportKind.IoUring);

public sealed class EpollClosingTests() : ClosingTests(TransportKind.Epoll);

public sealed class IoUringClosingTests() : ClosingTests(TransportKind.IoUring);

public sealed class EpollSniTests() : SniTests(TransportKind.Epoll);

public sealed class IoUringSniTests() : SniTests(TransportKind.IoUring);
