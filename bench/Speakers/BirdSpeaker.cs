using System.Net.Sockets;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// BIRD with static routes. For many an operator writes a file and says <c>configure</c>; for one he enables or
/// disables the protocol that has it.
/// </summary>
internal sealed class BirdSpeaker : ISpeaker
{
    private const string Node = "bird";

    private readonly SpeakerDirectory _directory;
    private readonly NodeProcess _process;
    private readonly Socket _control = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly StreamReader _answers;

    private BirdSpeaker(SpeakerDirectory directory, NodeProcess process, string version)
    {
        _directory = directory;
        _process = process;
        Name = version;
        _control.Connect(new UnixDomainSocketEndPoint(directory.File("bird.ctl")));
        _answers = new StreamReader(new NetworkStream(_control));
    }

    public string Name { get; }

    public string Address => "10.0.2.2";

    public string RouterInterface => "eth2";

    public int Pid => _process.Pid;

    public static async Task<ISpeaker> StartAsync(Lab lab, int prefixes)
    {
        // "BIRD version 2.0.12"
        var version = (await lab.ExecAsync(Node, ["bird", "--version"])) is var said
            ? (said.Output + said.Error).Trim().Replace("version ", "", StringComparison.Ordinal)
            : "";
        var directory = new SpeakerDirectory();
        var routes = string.Concat(BenchPrefixes.Texts(prefixes).Select(prefix => $"  route {prefix} blackhole;\n"));
        directory.Write("full.conf", Configuration(routes));
        var empty = directory.Write("empty.conf", Configuration(""));
        var process = await lab.StartAsync(Node, ["bird", "-f", "-c", empty, "-s", directory.File("bird.ctl")]);
        await directory.WaitForAsync("bird.ctl", process);
        var speaker = new BirdSpeaker(directory, process, version);
        await speaker.ReadAnswerAsync();
        return speaker;
    }

    public Task AnnounceAllAsync() => OrderAsync($"configure \"{_directory.File("full.conf")}\"");

    public Task WithdrawAllAsync() => OrderAsync($"configure \"{_directory.File("empty.conf")}\"");

    public Task AnnounceSingleAsync() => OrderAsync("enable single");

    public Task WithdrawSingleAsync() => OrderAsync("disable single");

    public void Dispose()
    {
        _answers.Dispose();
        _control.Dispose();
        _process.Dispose();
        _directory.Dispose();
    }

    private static string Configuration(string routes) =>
        $$"""
        router id 10.0.2.2;
        protocol device {
        }
        protocol static many {
          ipv4;
        {{routes}}
        }
        protocol static single {
          disabled;
          ipv4;
          route {{BenchPrefixes.Single}} blackhole;
        }
        protocol bgp router1 {
          local 10.0.2.2 as 65002;
          neighbor 10.0.2.1 as 65100;
          hold time 90;
          connect retry time 1;
          error wait time 1, 1;
          ipv4 {
            import none;
            export all;
            next hop self;
          };
        }

        """;

    private async Task OrderAsync(string command)
    {
        _control.Send([.. System.Text.Encoding.UTF8.GetBytes(command), (byte)'\n']);
        await ReadAnswerAsync();
    }

    // Lines begin with a code: "0003-" when more follow, "0003 " when not; from 8000 on it is a refusal.
    private async Task ReadAnswerAsync()
    {
        while (await _answers.ReadLineAsync() is { } line)
        {
            if (line is not [>= '0' and <= '9', _, _, _, ' ' or '-', ..])
                continue;
            if (line[0] >= '8')
                throw new InvalidOperationException($"{Name}: {line}");
            if (line[4] == ' ')
                return;
        }
        throw new InvalidOperationException($"{Name} is gone:\n{string.Join('\n', _process.Output.TakeLast(20))}");
    }
}
