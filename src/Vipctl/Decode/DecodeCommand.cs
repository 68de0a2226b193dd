using System.CommandLine;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Vipctl.Commands;

namespace AnycastVip.Vipctl.Decode;

/// <summary><c>vipctl decode</c>: what the speaker makes of bytes, without a speaker.</summary>
internal static class DecodeCommand
{
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
        var command = new Command("decode", "Decode BGP messages and say what the speaker would do.")
        {
            hex, format, localAs, ibgp, twoOctetAs,
        };
        command.SetAction(arguments => Run(
            context,
            string.Join(' ', arguments.GetValue(hex) ?? []),
            UpdateContext.Assumed with
            {
                LocalAs = arguments.GetValue(localAs),
                IsExternal = !arguments.GetValue(ibgp),
                FourOctetAs = !arguments.GetValue(twoOctetAs),
            },
            arguments.GetValue(format) == DecodeFormat.Json ? DecodeJson.Write : DecodeText.Write));
        return command;
    }

    private static int Run(
        CommandContext context,
        string hex,
        UpdateContext session,
        Action<IEnumerable<DecodedMessage>, TextWriter> write)
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
        write(DecodedMessage.All(octets, session), context.Out);
        return ExitCode.Ok;
    }

    private enum DecodeFormat
    {
        Text,
        Json,
    }
}
