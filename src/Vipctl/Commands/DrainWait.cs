using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary>Gives one order to the gate, shows how far it is, and says how the wait for it ended.</summary>
internal sealed class DrainWait(GateCall gate, ParseResult arguments, DrainOrder order)
{
    private readonly CommandContext _context = gate.Context;
    private readonly OutputFormat _format = arguments.GetValue(gate.Settings.Format);
    private readonly ProgressLine _line = new(gate.Context.Out, gate.Context.IsScreen);
    private DrainProgress? _last;
    private bool _hasWarned;

    /// <summary>Returns the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _context.Clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await gate.AskAsync(arguments, client => FollowAsync(client, limit, end.Token));
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Cancelled && end.IsCancellationRequested)
        {
            ShowEnd();
            return cancellation.IsCancellationRequested
                ? Leave("interrupted", ExitCode.Interrupted)
                : Leave($"not done within {Duration.Format(order.WaitLimit ?? default)}", ExitCode.WaitTimedOut);
        }
        catch (RpcException error)
        {
            ShowEnd();
            return Fail(error);
        }
    }

    private async Task<int> FollowAsync(
        GateService.GateServiceClient client, CancellationTokenSource limit, CancellationToken end)
    {
        // The gate answers at least once a second: silence means that it hangs.
        var silence = gate.Settings.TimeoutOf(arguments);
        using var answers = new AnswerStream<DrainProgress>(
            options => order.Call(client, options), silence, silence, _context.Clock, end);
        while (await answers.MoveNextAsync())
        {
            // The wait begins with the first answer, from which the order is in force: so exit code 5 says that it is.
            if (_last is null)
                limit.CancelAfter(order.WaitLimit ?? Timeout.InfiniteTimeSpan);
            _last = answers.Current;
            Show(_last);
            if (!order.Waits || order.IsDryRun)
                break;
        }
        ShowEnd();
        return Judge();
    }

    private void Show(DrainProgress progress)
    {
        if (progress.PersistError.Length > 0 && !_hasWarned)
        {
            _hasWarned = true;
            _line.End();
            _context.Complain($"{order.Unsaved}: {Table.Printable(progress.PersistError)}");
        }
        if (_format == OutputFormat.JsonLines)
            _context.Out.WriteLine(ViewJson.Line.Format(progress));
        else if (_format != OutputFormat.Json && !order.IsDryRun)
            _line.Show(DrainText.Line(progress), DrainText.Left(progress, _context.Clock.GetUtcNow()));
    }

    // What is shown once: the last answer as a document, the plan, what became of each VIP.
    private void ShowEnd()
    {
        _line.End();
        if (_last is null || _format == OutputFormat.JsonLines)
            return;
        if (_format == OutputFormat.Json)
            _context.Out.WriteLine(ViewJson.Document.Format(_last));
        else if (order.IsDryRun)
            DrainText.WritePlan(_last, _context.Out);
        else if (_format == OutputFormat.Wide || _last.Phase == DrainPhase.Blocked)
            DrainText.WriteVips(_last, _context.Out);
    }

    private int Judge()
    {
        switch (_last)
        {
            case null:
                _context.Complain("the gate ended the call without an answer; 'vipctl drains' shows what is in force");
                return ExitCode.Failed;
            case not null when order.IsDryRun:
            case { Phase: DrainPhase.Done }:
                return ExitCode.Ok;
            case { Phase: DrainPhase.Blocked }:
                _context.Complain($"{order.Name} cannot serve yet: {Table.Printable(_last.Text)}; {order.Standing}");
                return ExitCode.Failed;
            case not null when !order.Waits:
                _context.Complain($"not waited for; {order.Standing}");
                return ExitCode.Ok;
            default:
                return Leave("the gate ended its answers before it was done", ExitCode.Failed);
        }
    }

    private int Fail(RpcException error)
    {
        var exitCode = gate.Conclude(arguments, error);
        if (error.StatusCode == StatusCode.Aborted)
            _context.Complain("the wait has ended; 'vipctl drains' shows what is in force");
        else if (_last is not null || error.StatusCode == StatusCode.DeadlineExceeded)
            Leave("the wait has ended", exitCode);
        if (exitCode == ExitCode.Unreachable && order is { IsDrain: true, IsDryRun: false, Target.Node: not null })
            _context.Complain("the speaker can withdraw every prefix without the gate: 'vipctl drain node --direct'");
        return exitCode;
    }

    private int Leave(string why, int exitCode)
    {
        var standing = order.IsDryRun ? "nothing was changed"
            : _last is not null ? order.Standing
            : "whether the gate took the order is not known; 'vipctl drains' shows what is in force";
        _context.Complain($"{why}; {standing}");
        return exitCode;
    }
}
