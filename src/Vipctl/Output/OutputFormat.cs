namespace AnycastVip.Vipctl.Output;

/// <summary>How a command shows what it was answered.</summary>
internal enum OutputFormat
{
    /// <summary>For people: what fits a terminal.</summary>
    Table,

    /// <summary>For people: all columns.</summary>
    Wide,

    /// <summary>The answer as one document of protobuf's JSON.</summary>
    Json,

    /// <summary>Protobuf's JSON, one line for each peer, route or lease.</summary>
    JsonLines,
}
