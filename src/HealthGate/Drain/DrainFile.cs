using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AnycastVip.HealthGate.Drain;

/// <summary>
/// The octets of the drain file: a JSON object with the format's version, the SHA-256 of the value of <c>drains</c> as
/// it is written, and that value. Pure.
/// </summary>
internal static class DrainFile
{
    private const int Version = 1;

    /// <summary>The file's octets for a set.</summary>
    public static byte[] Write(DrainSet drains)
    {
        var saved = drains.Orders.Select(SavedDrain.From).ToArray();
        var value = JsonSerializer.SerializeToUtf8Bytes(saved, DrainFileJson.Default.SavedDrainArray);
        var octets = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(octets);
        json.WriteStartObject();
        json.WriteNumber("version", Version);
        json.WriteString("sha256", Checksum(value));
        json.WritePropertyName("drains");
        // As it is: written anew it could get other escapes and then another checksum.
        json.WriteRawValue(value);
        json.WriteEndObject();
        json.Flush();
        return octets.WrittenSpan.ToArray();
    }

    /// <summary>Reads a file; nothing but what <see cref="Write"/> made is accepted.</summary>
    /// <param name="octets">The whole file.</param>
    /// <param name="drains">The set.</param>
    /// <param name="fault">Why there is none, in a few words.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> octets, [NotNullWhen(true)] out DrainSet? drains, [NotNullWhen(false)] out string? fault)
    {
        drains = null;
        try
        {
            var file = JsonSerializer.Deserialize(octets, DrainFileJson.Default.SavedFile);
            fault = file switch
            {
                null => "it holds nothing",
                { Version: not Version } => $"its format is version {file.Version}, this program knows {Version}",
                _ when Checksum(file.Drains) != file.Sha256 => "its checksum does not match",
                _ => null,
            };
            if (fault is not null)
                return false;
            SavedDrain?[]? saved = file!.Drains.Deserialize(DrainFileJson.Default.SavedDrainArray);
            drains = saved?.Aggregate(
                DrainSet.Empty, (set, drain) => set.Drain(drain?.ToOrder() ?? throw new FormatException("no drain")));
            fault = drains is null ? "it holds no drains" : null;
            return drains is not null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            fault = "it is torn or not in the drain file's format";
            return false;
        }
    }

    private static string Checksum(JsonElement value) => Checksum(JsonMarshal.GetRawUtf8Value(value));

    private static string Checksum(ReadOnlySpan<byte> value) => Convert.ToHexStringLower(SHA256.HashData(value));
}

/// <summary>The whole file, for reading.</summary>
internal sealed record SavedFile(int Version, string Sha256, JsonElement Drains);

/// <summary>One drain in the file.</summary>
/// <param name="Kind">"node", "vip", "backend" or "peer".</param>
/// <param name="Name">Empty for the node.</param>
/// <param name="Pool">For a backend only, else empty.</param>
/// <param name="Reason">Why.</param>
/// <param name="OrderedBy">Who.</param>
/// <param name="OrderedAt">When.</param>
/// <param name="ConnectionTimeout">Null: as configured.</param>
internal sealed record SavedDrain(
    string Kind, string Name, string Pool, string Reason, string OrderedBy, DateTimeOffset OrderedAt,
    TimeSpan? ConnectionTimeout)
{
    public static SavedDrain From(DrainOrder order)
    {
        var (kind, name, pool) = order.Target switch
        {
            DrainTarget.Vip vip => ("vip", vip.Name, ""),
            DrainTarget.Backend backend => ("backend", backend.Name, backend.Pool),
            DrainTarget.Peer peer => ("peer", peer.Name, ""),
            _ => ("node", "", ""),
        };
        return new SavedDrain(
            kind, name, pool, order.Reason, order.OrderedBy, order.OrderedAt, order.ConnectionTimeout);
    }

    public DrainOrder ToOrder()
    {
        DrainTarget target = Kind switch
        {
            "node" => new DrainTarget.Node(),
            "vip" => new DrainTarget.Vip(Name),
            "backend" => new DrainTarget.Backend(Pool, Name),
            "peer" => new DrainTarget.Peer(Name),
            _ => throw new FormatException($"unknown kind of drain: {Kind}"),
        };
        return new DrainOrder(target, Reason, OrderedBy, OrderedAt, ConnectionTimeout);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SavedFile))]
[JsonSerializable(typeof(SavedDrain[]))]
internal sealed partial class DrainFileJson : JsonSerializerContext;
