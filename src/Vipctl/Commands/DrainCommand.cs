using System.CommandLine;
using System.CommandLine.Parsing;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl drain</c>, <c>vipctl undrain</c> and <c>vipctl drains</c>.</summary>
internal sealed class DrainCommand
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly GateCall _gate;
    private readonly SpeakerCall _speaker;
    private readonly bool _isDrain;
    private readonly Option<string> _reason = Options.Reason("why; in every view, and routers are told (RFC 9003)");
    private readonly Option<TimeSpan?> _connectionTimeout = Options.Span(
        "--timeout",
        Day,
        "how long connections that clients still use are waited for before they are closed (default: as configured)");
    private readonly Option<bool> _wait = new("--wait") { Description = "stay until it is done (default)" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "return once the order is in force" };
    private readonly Option<TimeSpan?> _waitLimit = Options.Span(
        "--wait-timeout", Day, "how long to stay; then exit 5, and the order goes on (default: until it is done)");
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "say what would be done, and do nothing" };
    private readonly Option<bool> _direct = new("--direct");

    private DrainCommand(GateCall gate, SpeakerCall speaker, bool isDrain)
    {
        _gate = gate;
        _speaker = speaker;
        _isDrain = isDrain;
        _direct.Description = isDrain
            ? "without the gate, when it hangs: the speaker withdraws every prefix at once, and nothing else is done"
            : "lift what 'drain node --direct' did";
    }

    /// <summary><c>vipctl drain</c>.</summary>
    public static Command Drain(GateCall gate, SpeakerCall speaker) =>
        new DrainCommand(gate, speaker, isDrain: true).Create("drain", "Take out of service, until undrained.");

    /// <summary><c>vipctl undrain</c>.</summary>
    public static Command Undrain(GateCall gate, SpeakerCall speaker) =>
        new DrainCommand(gate, speaker, isDrain: false).Create("undrain", "Take a drain back.");

    /// <summary><c>vipctl drains</c>.</summary>
    public static Command List(GateCall gate)
    {
        var command = new Command("drains", "The drains in force.");
        command.SetAction((arguments, cancellation) => gate.ShowAsync(
            arguments,
            DrainView.View,
            (client, call) => client.ListDrainsAsync(new ListDrainsRequest(), call),
            cancellation));
        return command;
    }

    private Command Create(string verb, string description) => new(verb, description)
    {
        Node(), Vip(), Backend(),
    };

    private Command Node()
    {
        var command = WithOptions(new Command("node", "Every VIP of this node.") { _direct });
        command.Validators.Add(RefuseWithDirect);
        command.SetAction((arguments, cancellation) => arguments.GetValue(_direct)
            ? DirectAsync(arguments, cancellation)
            : GiveAsync(arguments, new DrainTarget { Node = new NodeTarget() }, cancellation));
        return command;
    }

    private Command Vip()
    {
        var name = Options.Name("name", "the VIP", required: true);
        var command = WithOptions(new Command("vip", "One VIP.") { name });
        command.SetAction((arguments, cancellation) =>
            GiveAsync(arguments, new DrainTarget { Vip = arguments.GetRequiredValue(name) }, cancellation));
        return command;
    }

    private Command Backend()
    {
        var name = new Argument<BackendTarget>("pool/name")
        {
            Description = "the backend",
            CustomParser = Options.Parser<BackendTarget>(TryParseBackend, "a backend as POOL/NAME"),
        };
        var command = WithOptions(new Command("backend", "One backend of a pool.") { name });
        command.SetAction((arguments, cancellation) =>
            GiveAsync(arguments, new DrainTarget { Backend = arguments.GetRequiredValue(name) }, cancellation));
        return command;
    }

    private static bool TryParseBackend(string text, out BackendTarget target)
    {
        var isPair = text.Split('/') is [{ Length: > 0 }, { Length: > 0 }];
        target = isPair ? new BackendTarget { Pool = text.Split('/')[0], Backend = text.Split('/')[1] } : new();
        return isPair;
    }

    private Command WithOptions(Command command)
    {
        if (_isDrain)
        {
            command.Add(_reason);
            command.Add(_connectionTimeout);
        }
        foreach (Option option in (Option[])[_wait, _noWait, _waitLimit, _dryRun])
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (IsGiven(result, _noWait) && (IsGiven(result, _wait) || IsGiven(result, _waitLimit)))
                result.AddError("--no-wait contradicts --wait and --wait-timeout");
        });
        return command;
    }

    private void RefuseWithDirect(CommandResult result)
    {
        if (!IsGiven(result, _direct))
            return;
        Option[] gateOnly = _isDrain ? [_connectionTimeout, _dryRun] : [_waitLimit, _dryRun];
        foreach (var option in gateOnly.Where(option => IsGiven(result, option)))
            result.AddError($"{option.Name} is the gate's work; --direct goes without the gate");
        if (_isDrain && result.GetValue(_waitLimit) > EmergencyCommand.LongestWait)
            result.AddError($"with --direct --wait-timeout is at most {Duration.Format(EmergencyCommand.LongestWait)}");
    }

    private static bool IsGiven(CommandResult result, Option option) =>
        result.GetResult(option) is { Implicit: false };

    private Task<int> GiveAsync(ParseResult arguments, DrainTarget target, CancellationToken cancellation)
    {
        var order = new DrainOrder(target, (client, call) => Call(arguments, target, client, call))
        {
            IsDrain = _isDrain,
            IsDryRun = arguments.GetValue(_dryRun),
            Waits = !arguments.GetValue(_noWait),
            WaitLimit = arguments.GetValue(_waitLimit),
        };
        return new DrainWait(_gate, arguments, order).RunAsync(cancellation);
    }

    private AsyncServerStreamingCall<DrainProgress> Call(
        ParseResult arguments, DrainTarget target, GateService.GateServiceClient client, CallOptions call)
    {
        var isDryRun = arguments.GetValue(_dryRun);
        if (!_isDrain)
            return client.Undrain(new UndrainRequest { Target = target, DryRun = isDryRun }, call);
        var request = new DrainRequest
        {
            Target = target,
            Reason = arguments.GetValue(_reason) ?? "",
            DryRun = isDryRun,
        };
        if (arguments.GetValue(_connectionTimeout) is { } timeout)
            request.ConnectionTimeout = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(timeout);
        return client.Drain(request, call);
    }

    private async Task<int> DirectAsync(ParseResult arguments, CancellationToken cancellation)
    {
        if (!_isDrain)
            return await EmergencyCommand.LiftAsync(_speaker, arguments, cancellation);
        var exitCode = await EmergencyCommand.WithdrawAsync(
            _speaker,
            arguments,
            arguments.GetValue(_reason) ?? "drained with 'vipctl drain node --direct'",
            arguments.GetValue(_noWait) ? TimeSpan.Zero : arguments.GetValue(_waitLimit),
            cancellation);
        if (exitCode is ExitCode.Ok or ExitCode.WaitTimedOut)
        {
            _speaker.Context.Complain(
                "the speaker has withdrawn every prefix and keeps it so, whatever the gate declares, until "
                + "'vipctl undrain node --direct' or its own restart; connections, listeners and addresses are as "
                + "they were, and no drain is saved: order one with 'vipctl drain node' once the gate answers");
        }
        return exitCode;
    }
}
