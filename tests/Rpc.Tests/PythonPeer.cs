using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace AnycastVip.Rpc.Tests;

/// <summary>A program under python/, driven by lines: the foreign end of a test.</summary>
internal sealed class PythonPeer : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private PythonPeer(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts a script with its arguments.</summary>
    public static PythonPeer Start(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/python3")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "python", script) },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            Environment = { ["PYTHONIOENCODING"] = "utf-8" },
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        try
        {
            return new PythonPeer(Process.Start(start)!);
        }
        catch (Win32Exception)
        {
            throw new InvalidOperationException(Remedy("no /usr/bin/python3"));
        }
    }

    /// <summary>The next line that it prints.</summary>
    public async Task<string> ReadLine()
    {
        using var patience = new CancellationTokenSource(Sandbox.Patience);
        var line = await _process.StandardOutput.ReadLineAsync(patience.Token);
        return line ?? throw new InvalidOperationException(Remedy(await _errors));
    }

    /// <summary>Tells it a line.</summary>
    public async Task WriteLine(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Has client.py do a command and gives its answer.</summary>
    public async Task<Answer> Do(Command command)
    {
        await WriteLine(JsonSerializer.Serialize(command, Json));
        return JsonSerializer.Deserialize<Answer>(await ReadLine(), Json)!;
    }

    /// <summary>Has client.py make a whole call.</summary>
    public Task<Answer> Call(string method, params string[] texts) => Do(new Command("call", method, texts));

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Remedy(string errors) =>
        $"the Python peer ended; if its gRPC is missing: apt-get install python3-grpcio python3-protobuf\n{errors}";
}

/// <summary>A line for client.py, which says what the fields mean.</summary>
internal sealed record Command(string Do, string Method = "", string[]? Texts = null)
{
    public int Repeat { get; init; } = 1;

    public double Timeout { get; init; } = Sandbox.Patience.TotalSeconds;

    public bool Compress { get; init; }
}

/// <summary>How a call of client.py ended, or the next answer of an open one.</summary>
internal sealed record Answer(string Code, string Details, string[] Texts)
{
    /// <summary>In one line, for comparing: "OK a,b" or "NOT_FOUND no such thing".</summary>
    public override string ToString() => $"{Code} {Details}{string.Join(',', Texts)}".TrimEnd();
}
