namespace AnycastVip.StrictYaml;

/// <summary>What one value may be: how it is read, and how it is described.</summary>
/// <param name="Description">For people, such as <c>whole number 1–65535</c>; also completes "expected a …".</param>
/// <param name="JsonSchema">The same as a JSON Schema object.</param>
/// <param name="Read">Reads a value that is not null.</param>
public sealed record ScalarType<T>(string Description, string JsonSchema, Func<YamlScalar, ScalarResult<T>> Read);

/// <summary>A value, or why there is none.</summary>
/// <param name="Value">The value; without meaning when there is a refusal.</param>
/// <param name="Refusal">Why the text was refused, or null.</param>
public readonly record struct ScalarResult<T>(T Value, string? Refusal)
{
    /// <summary>A value that was read.</summary>
    public static implicit operator ScalarResult<T>(T value) => new(value, null);

    /// <summary>A refusal, without the position, which the reader knows.</summary>
    public static implicit operator ScalarResult<T>(Refused refused) => new(default!, refused.Reason);
}

/// <summary>Why a text is no value of its type.</summary>
/// <param name="Reason">A sentence without full stop.</param>
public readonly record struct Refused(string Reason);
