using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Vipctl.Decode;

/// <summary>Decoded messages for scripts: one document, every key always there.</summary>
internal static class DecodeJson
{
    // The output goes to a terminal or a file, never into HTML: "é" and "+" may stay as they are.
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(IEnumerable<DecodedMessage> messages, TextWriter output)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages");
            foreach (var message in messages)
                WriteMessage(json, message);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private static void WriteMessage(Utf8JsonWriter json, DecodedMessage decoded)
    {
        var message = decoded.Description;
        json.WriteStartObject();
        json.WriteString("time", decoded.Origin?.Time?.ToString(DecodeText.TimeFormat, CultureInfo.InvariantCulture));
        json.WriteString("source", decoded.Origin?.Source.ToString());
        json.WriteString("destination", decoded.Origin?.Destination.ToString());
        json.WriteNumber("offset", decoded.Offset);
        json.WriteNumber("length", message.Length);
        json.WriteString("type", message.Type);
        json.WriteStartArray("fields");
        foreach (var field in message.Fields)
        {
            json.WriteStartObject();
            json.WriteString("name", field.Name);
            json.WriteString("value", field.Value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        WritePrefixes(json, "withdrawn", message.Withdrawn);
        json.WriteStartArray("attributes");
        foreach (var attribute in message.Attributes)
            WriteAttribute(json, attribute);
        json.WriteEndArray();
        WritePrefixes(json, "announced", message.Announced);
        json.WriteString("error", message.Fault);
        json.WriteString("action", decoded.Action);
        WriteOwed(json, message.Owed);
        json.WriteEndObject();
    }

    private static void WriteAttribute(Utf8JsonWriter json, DescribedAttribute attribute)
    {
        json.WriteStartObject();
        json.WriteNumber("code", attribute.Code);
        json.WriteString("name", attribute.Name);
        json.WriteString("flags", attribute.Flags);
        json.WriteString("value", attribute.Value);
        json.WriteString("error", attribute.Fault);
        json.WriteString("action", UpdateOutcome.SeverityName(attribute.Severity));
        json.WriteEndObject();
    }

    private static void WritePrefixes(Utf8JsonWriter json, string name, ValueList<Prefix> prefixes)
    {
        json.WriteStartArray(name);
        foreach (var prefix in prefixes)
            json.WriteStringValue(prefix.ToString());
        json.WriteEndArray();
    }

    private static void WriteOwed(Utf8JsonWriter json, Notification? owed)
    {
        json.WritePropertyName("notificationOwed");
        if (owed is null)
        {
            json.WriteNullValue();
            return;
        }
        json.WriteStartObject();
        json.WriteNumber("code", (byte)owed.Code);
        json.WriteNumber("subcode", owed.Subcode);
        json.WriteString("data", owed.Data.ToString());
        json.WriteString("text", NotificationText.Describe(owed));
        json.WriteEndObject();
    }
}
