using System.IO.Compression;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>What happens to the lines of a log.</summary>
/// <param name="TruncateIp">Bits that stay, or null to leave addresses.</param>
/// <param name="Hosts">Whether host names that spell out an address are cut.</param>
/// <param name="DropLinesOf">Identifiers; a line that holds one is dropped whole.</param>
/// <param name="MaxExpandedBytes">Most bytes that compressed content may expand to.</param>
public sealed record StreamPlan(
    AddressBits? TruncateIp, HostNames Hosts, IReadOnlyList<string> DropLinesOf, long MaxExpandedBytes = long.MaxValue)
{
    /// <summary>How lines are built.</summary>
    public LineFormat Format { get; init; }

    /// <summary>Operators over fields of the format, in this order.</summary>
    public IReadOnlyList<IFieldOperator> Fields { get; init; } = [];

    /// <summary>Whether the content is compressed.</summary>
    public ContentCompression Compression { get; init; } = ContentCompression.Detect;

    /// <summary>How hard the result of compressed content is compressed. Deflate is nearly the whole cost there.</summary>
    public CompressionLevel Level { get; init; } = CompressionLevel.Fastest;
}

/// <summary>Whether content is compressed.</summary>
public enum ContentCompression
{
    /// <summary>It is gzip if it begins as gzip does.</summary>
    Detect,

    /// <summary>It is plain, whatever it begins with.</summary>
    None,

    /// <summary>It is gzip, and refused if it is not.</summary>
    Gzip,
}

/// <summary>What happens to host names that spell out an address.</summary>
public enum HostNames
{
    /// <summary>They stay.</summary>
    Keep,

    /// <summary><c>truncate-host</c>.</summary>
    Truncate,
}

/// <summary>What a stream held and what was done to it.</summary>
/// <param name="Lines">Lines read; the last counts without a line end too.</param>
/// <param name="Changed">Lines that were changed and stayed.</param>
/// <param name="Dropped">Lines that were dropped whole.</param>
/// <param name="Edits">Addresses and names that were cut.</param>
/// <param name="Bytes">Bytes read, without compression.</param>
public sealed record StreamStatistics(long Lines, long Changed, long Dropped, long Edits, long Bytes);

/// <summary>Content that cannot be processed; nothing of it is in the message.</summary>
/// <param name="reason">
/// Constant code: corrupt-gzip, not-gzip, expanded-limit, line-too-long, not-combined, not-ndjson, not-json, not-csv,
/// not-w3c, column-missing.
/// </param>
public sealed class UnreadableContentException(string reason) : Exception($"The content cannot be processed: {reason}.")
{
    /// <summary>Constant code.</summary>
    public string Reason { get; } = reason;
}
