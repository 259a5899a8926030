namespace RetentionPipeline.Core.Anonymisation;

/// <summary>What happens to the lines of a log.</summary>
/// <param name="TruncateIp">Bits that stay, or null to leave addresses.</param>
/// <param name="Hosts">Whether host names that spell out an address are cut.</param>
/// <param name="DropLinesOf">Identifiers; a line that holds one is dropped whole.</param>
/// <param name="MaxExpandedBytes">Most bytes that compressed content may expand to.</param>
public sealed record StreamPlan(
    AddressBits? TruncateIp, HostNames Hosts, IReadOnlyList<string> DropLinesOf, long MaxExpandedBytes = long.MaxValue);

/// <summary>What happens to host names that spell out an address.</summary>
public enum HostNames
{
    /// <summary>They stay.</summary>
    Keep,

    /// <summary><c>truncate-host</c>.</summary>
    Truncate,
}

/// <summary>What a stream held and what was done to it.</summary>
public sealed record StreamStatistics(long Lines, long Changed, long Dropped);

/// <summary>Content that cannot be processed; nothing of it is in the message.</summary>
/// <param name="reason">Constant code: corrupt-gzip, expanded-limit, line-too-long.</param>
public sealed class UnreadableContentException(string reason) : Exception($"The content cannot be processed: {reason}.")
{
    /// <summary>Constant code.</summary>
    public string Reason { get; } = reason;
}
