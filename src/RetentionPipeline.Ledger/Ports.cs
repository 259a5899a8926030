using System.Globalization;

namespace RetentionPipeline.Ledger;

/// <summary>
/// The write-ahead lanes: sixteen growing sequences of blocks. Any number of processes append, without a condition and
/// as often as they like; a block is durable, and never taken back or changed, when the append's task ends. An append
/// that failed may still have happened, and a store that repeats one may have written it twice. A lane is cut into
/// segments; a segment is closed, and never grows again, before anything is in the next one.
/// </summary>
public interface ILaneStore
{
    /// <summary>Appends one block of at most 1 MiB (<see cref="LaneFrame.MaxBytes"/>).</summary>
    Task AppendAsync(int lane, ReadOnlyMemory<byte> block, CancellationToken cancel);

    /// <summary>
    /// Reads from a position on: <paramref name="maxBytes"/>, or as many as the segment has. Bytes that were read once
    /// are read again the same; of an append under way a first part may be read. Empty at the end of a segment; then
    /// <see cref="LaneChunk.Next"/> is the start of the next segment where this one is closed, else the position.
    /// </summary>
    Task<LaneChunk> ReadAsync(int lane, LanePosition from, int maxBytes, CancellationToken cancel);

    /// <summary>The end of each lane, by lane; every append that ended before the call lies before it.</summary>
    Task<IReadOnlyList<LanePosition>> LengthsAsync(CancellationToken cancel);
}

/// <summary>Bytes of a lane.</summary>
/// <param name="Bytes">They begin where the read was asked to begin.</param>
/// <param name="Next">Where to read on.</param>
public sealed record LaneChunk(ReadOnlyMemory<byte> Bytes, LanePosition Next);

/// <summary>A place in a lane.</summary>
/// <param name="Segment">Segment, from 0.</param>
/// <param name="Offset">Bytes in it.</param>
public readonly record struct LanePosition(int Segment, long Offset) : IComparable<LanePosition>
{
    /// <summary>Number of lanes.</summary>
    public const int Lanes = 16;

    /// <summary>segment:offset. Throws <see cref="FormatException"/> for anything else.</summary>
    public static LanePosition Parse(string text) =>
        text.Split(':') is [var segment, var offset]
        && int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var parsedSegment)
        && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var parsedOffset)
            ? new LanePosition(parsedSegment, parsedOffset)
            : throw new FormatException("A position in a lane is segment:offset.");

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
/// The commit journal: numbered records, each written once, durable when the task ends, never changed or removed. Any
/// number of processes may try to write number n; one of them moves the head, and nobody else can: the only
/// linearisation point of the ledger.
/// </summary>
public interface ICommitJournal
{
    /// <summary>
    /// Writes record <paramref name="number"/> if there is none. Returns what stands there: the caller's bytes or the
    /// winner's. A call that failed may have written it; reading the number, or calling again, tells.
    /// </summary>
    Task<ReadOnlyMemory<byte>> WriteOnceAsync(long number, ReadOnlyMemory<byte> record, CancellationToken cancel);

    /// <summary>Null if there is no such record yet. Sees every record whose writing ended before the call.</summary>
    Task<ReadOnlyMemory<byte>?> ReadAsync(long number, CancellationToken cancel);
}

/// <summary>
/// Tiles, bundles and signed checkpoints: names that are written once and durable when the task ends. Any number of
/// processes may write the same name at once, and repeat what failed. Whatever error code a service has for "exists",
/// what counts is what stands there: the caller compares.
/// </summary>
public interface ITileStore
{
    /// <summary>Writes if there is nothing under that name; returns what stands there afterwards.</summary>
    Task<ReadOnlyMemory<byte>> WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Null if there is nothing under that name. Sees every write that ended before the call.</summary>
    Task<ReadOnlyMemory<byte>?> ReadAsync(string name, CancellationToken cancel);

    /// <summary>
    /// Removes what begins with <paramref name="fullName"/> and <c>.p/</c>: the partial forms of a tile or bundle whose
    /// full form stands, so that whoever misses one reads the full one. Tidying: some or all may be left, none need exist.
    /// </summary>
    Task RemovePartialsAsync(string fullName, CancellationToken cancel);
}

/// <summary>
/// The published head: the one thing of a ledger that changes. Durable when the task ends; replaced under its version,
/// so that of two who saw the same head one wins. A call that failed may have replaced it; reading tells.
/// </summary>
public interface ICheckpointStore
{
    /// <summary>Null before the first publication. Sees every replacement that ended before the call.</summary>
    Task<PublishedHead?> ReadAsync(CancellationToken cancel);

    /// <summary>
    /// Replaces the head that is still at <paramref name="version"/> (null: there is none), note and commit together.
    /// A conflict means that it was not, and that nothing was written.
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

/// <summary>
/// Who integrates: for liveness alone, so that of many instances one works. Safety lies in the journal: two who both
/// believe that they hold it do no harm.
/// </summary>
public interface ILedgerLease
{
    /// <summary>
    /// Takes the lease or keeps it; false while somebody else has it. It ends by itself some seconds after its holder
    /// asked last, at the latest, so a killed integrator keeps nobody waiting.
    /// </summary>
    Task<bool> TryHoldAsync(CancellationToken cancel);
}
