using System.Globalization;

namespace RetentionPipeline.Ledger;

/// <summary>
/// The write-ahead lanes: sixteen growing sequences of blocks. Any number of processes append, without a condition and
/// as often as they like; a block is durable, and never taken back, when the append's task ends. An append that failed
/// may still have happened.
/// </summary>
public interface ILaneStore
{
    /// <summary>Appends one block of at most 1 MiB, whole or not at all.</summary>
    Task AppendAsync(int lane, ReadOnlyMemory<byte> block, CancellationToken cancel);

    /// <summary>
    /// Reads at most <paramref name="maxBytes"/> from a position on. Bytes that were read once are read again the same.
    /// Empty at the end of what there is.
    /// </summary>
    Task<LaneChunk> ReadAsync(int lane, LanePosition from, int maxBytes, CancellationToken cancel);

    /// <summary>The end of each lane, by lane; every append that ended before the call lies before it.</summary>
    Task<IReadOnlyList<LanePosition>> LengthsAsync(CancellationToken cancel);
}

/// <summary>Bytes of a lane and where the next begin (the start of the next segment, where one ends).</summary>
public sealed record LaneChunk(ReadOnlyMemory<byte> Bytes, LanePosition From, LanePosition Next);

/// <summary>A place in a lane.</summary>
/// <param name="Segment">Segment, from 0.</param>
/// <param name="Offset">Bytes in it.</param>
public readonly record struct LanePosition(int Segment, long Offset) : IComparable<LanePosition>
{
    /// <summary>Number of lanes.</summary>
    public const int Lanes = 16;

    /// <summary>segment:offset.</summary>
    public static LanePosition Parse(string text)
    {
        var parts = text.Split(':');
        return new(int.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public int CompareTo(LanePosition other) =>
        Segment != other.Segment ? Segment.CompareTo(other.Segment) : Offset.CompareTo(other.Offset);

    /// <summary>Whether it lies before the other.</summary>
    public static bool operator <(LanePosition left, LanePosition right) => left.CompareTo(right) < 0;

    /// <summary>Whether it lies behind the other.</summary>
    public static bool operator >(LanePosition left, LanePosition right) => left.CompareTo(right) > 0;

    /// <summary>Not behind.</summary>
    public static bool operator <=(LanePosition left, LanePosition right) => left.CompareTo(right) <= 0;

    /// <summary>Not before.</summary>
    public static bool operator >=(LanePosition left, LanePosition right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Segment}:{Offset}");
}

/// <summary>
/// The commit journal: numbered records, each written once. Whoever writes number n has moved the head, and nobody else
/// can: the only linearisation point.
/// </summary>
public interface ICommitJournal
{
    /// <summary>
    /// Writes record <paramref name="number"/> if it does not exist. Returns what stands there: the caller's bytes or
    /// the winner's. A failed call may have written it; asking again tells.
    /// </summary>
    Task<ReadOnlyMemory<byte>> WriteOnceAsync(long number, ReadOnlyMemory<byte> record, CancellationToken cancel);

    /// <summary>Null if there is no such record.</summary>
    Task<ReadOnlyMemory<byte>?> ReadAsync(long number, CancellationToken cancel);
}

/// <summary>Tiles, bundles and old checkpoints: write-once names. Whatever error code says "exists", what counts is what
/// stands there.</summary>
public interface ITileStore
{
    /// <summary>Writes if there is nothing under that name; returns what stands there afterwards.</summary>
    Task<ReadOnlyMemory<byte>> WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Null if there is nothing under that name.</summary>
    Task<ReadOnlyMemory<byte>?> ReadAsync(string name, CancellationToken cancel);
}

/// <summary>The published head: what readers ask for first. Mutable, replaced under its version, never by a smaller one.</summary>
public interface ICheckpointStore
{
    /// <summary>Null before the first publication.</summary>
    Task<PublishedHead?> ReadAsync(CancellationToken cancel);

    /// <summary>
    /// Replaces the head that is still at <paramref name="version"/> (null: there is none). False if it was not; nothing
    /// was written then.
    /// </summary>
    Task<HeadChange> ReplaceAsync(
        ReadOnlyMemory<byte> note, long commit, string? version, CancellationToken cancel);
}

/// <summary>The published checkpoint.</summary>
/// <param name="Note">The signed note.</param>
/// <param name="Commit">Number of the commit record that it publishes.</param>
/// <param name="Version">For the next replacement; opaque.</param>
public sealed record PublishedHead(ReadOnlyMemory<byte> Note, long Commit, string Version);

/// <summary>Whether a head was replaced.</summary>
public enum HeadChange
{
    /// <summary>It was.</summary>
    Replaced,

    /// <summary>Somebody else was first.</summary>
    Conflict,
}
