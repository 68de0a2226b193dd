using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using AnycastVip.HealthGate.Tests.Runtime;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>python/gate_client.py: Debian's gRPC at the other end.</summary>
internal sealed class ForeignClient : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Process _process;
    private readonly Task<string> _errors;

    public ForeignClient(string socket)
    {
        var start = new ProcessStartInfo("/usr/bin/python3")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "python", "gate_client.py"),
                socket,
                Path.Combine(AppContext.BaseDirectory, "proto"),
            },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Makes a call.</summary>
    /// <param name="method">Of GateService.</param>
    /// <param name="request">In the JSON form of protobuf.</param>
    /// <param name="take">Of a stream: how many answers to read; null: all.</param>
    public async Task<ForeignAnswer> Call(string method, string request = "{}", int? take = null)
    {
        var command = new JsonObject { ["method"] = method, ["request"] = JsonNode.Parse(request) };
        if (take is { } count)
            command["take"] = count;
        await _process.StandardInput.WriteLineAsync(command.ToJsonString());
        await _process.StandardInput.FlushAsync();
        using var patience = new CancellationTokenSource(GateRun.Patience);
        var line = await _process.StandardOutput.ReadLineAsync(patience.Token)
            ?? throw new InvalidOperationException(
                $"the foreign client ended; it needs python3-grpcio and protobuf-compiler\n{await _errors}");
        return JsonSerializer.Deserialize<ForeignAnswer>(line, Json)!;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

/// <summary>How a call ended and what it answered before, in the JSON form of protobuf.</summary>
internal sealed record ForeignAnswer(string Code, string Details, IReadOnlyList<JsonNode> Answers)
{
    /// <summary>The one answer of a call that went well.</summary>
    public JsonNode Only
    {
        get
        {
            Assert.Equal(("OK", ""), (Code, Details));
            return Assert.Single(Answers);
        }
    }
}
