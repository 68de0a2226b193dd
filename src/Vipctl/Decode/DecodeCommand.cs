using System.CommandLine;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Vipctl.Capture;
using AnycastVip.Vipctl.Commands;

namespace AnycastVip.Vipctl.Decode;

/// <summary><c>vipctl decode</c>: what the speaker makes of bytes, without a speaker.</summary>
internal static class DecodeCommand
{
    private const int BgpPort = 179;

    public static Command Create(CommandContext context)
    {
        var hex = new Argument<string[]>("hex")
        {
            Description = "octets as hexadecimal digits or as a dump of tcpdump, hexdump or xxd; else standard input",
            Arity = ArgumentArity.ZeroOrMore,
        };
        hex.Validators.Add(Options.RefuseUnknownOptions);
        var format = Options.Format(
            "text (default) or json", ("text", DecodeFormat.Text), ("json", DecodeFormat.Json));
        var localAs = new Option<uint>("--local-as")
        {
            Description = "our AS number: a path that holds it is a loop",
            HelpName = "number",
        };
        var ibgp = new Option<bool>("--ibgp") { Description = "the sender is in our own AS" };
        var twoOctetAs = new Option<bool>("--two-octet-as") { Description = "AS numbers take two octets (RFC 4271)" };
        var bfd = new Option<bool>("--bfd") { Description = "the octets are one BFD Control packet" };
        var capture = new Option<string?>("--read", "-r")
        {
            Description = "a capture of tcpdump or Wireshark (pcap or pcapng) instead of octets; - for standard input",
            HelpName = "file",
        };
        var port = new Option<int>("--port")
        {
            Description = "the TCP port of BGP in the capture",
            HelpName = "number",
            DefaultValueFactory = _ => BgpPort,
        };
        var command = new Command("decode", "Decode BGP messages and BFD packets and say what the speaker would do.")
        {
            hex, format, localAs, ibgp, twoOctetAs, bfd, capture, port,
        };
        command.SetAction(arguments =>
        {
            var session = UpdateContext.Assumed with
            {
                LocalAs = arguments.GetValue(localAs),
                IsExternal = !arguments.GetValue(ibgp),
                FourOctetAs = !arguments.GetValue(twoOctetAs),
            };
            Write write = arguments.GetValue(format) == DecodeFormat.Json ? DecodeJson.Write : DecodeText.Write;
            if (arguments.GetValue(capture) is { } file)
                return RunCapture(context, file, reader => new(reader, session, arguments.GetValue(port)), write);
            return RunHex(
                context,
                string.Join(' ', arguments.GetValue(hex) ?? []),
                octets => arguments.GetValue(bfd)
                    ? [BfdDescriber.Describe(octets, ttl: null)]
                    : DecodedMessage.All(octets, session),
                write);
        });
        return command;
    }

    private static int RunCapture(
        CommandContext context, string file, Func<CaptureReader, CaptureDecoder> decode, Write write)
    {
        try
        {
            using var stream = file == "-" ? context.OpenIn() : File.OpenRead(file);
            using var buffered = new BufferedStream(stream);
            if (CaptureReader.Open(buffered, out var fault) is not { } reader)
            {
                context.Complain($"{file}: {fault}");
                return ExitCode.Usage;
            }
            write(decode(reader).Messages(), context.Out);
            if (reader.Fault is null)
                return ExitCode.Ok;
            context.Complain($"{file}: {reader.Fault}; what is above came before");
            return ExitCode.Failed;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            context.Complain($"{file}: {exception.Message}");
            return ExitCode.Usage;
        }
    }

    private static int RunHex(
        CommandContext context, string hex, Func<byte[], IEnumerable<DecodedMessage>> decode, Write write)
    {
        var text = hex.Length > 0 || context.IsInputTerminal ? hex : context.In.ReadToEnd();
        if (!HexReader.TryRead(text, out var octets, out var error))
        {
            context.Complain(error);
            return ExitCode.Usage;
        }
        if (octets.Length == 0)
        {
            context.Complain("no octets: give them as arguments or on standard input");
            return ExitCode.Usage;
        }
        write(decode(octets), context.Out);
        return ExitCode.Ok;
    }

    private delegate void Write(IEnumerable<DecodedMessage> messages, TextWriter output);

    private enum DecodeFormat
    {
        Text,
        Json,
    }
}
