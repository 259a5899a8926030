namespace RetentionPipeline.Core.Records;

/// <summary>Where the records of one dataset lie within a store, and how to read what stands beside them.</summary>
/// <param name="Dataset">Name in the policy, for messages to people.</param>
/// <param name="Container">Table, blob container, Cosmos container (<c>database/container</c>).</param>
/// <param name="Prefix">Blob name prefix; empty elsewhere.</param>
/// <param name="NameDate">
/// A regular expression with the named groups y, m, d and optionally h over the blob name; null without one.
/// </param>
/// <param name="StageField">Where a rewrite leaves its <see cref="StageMark"/> (field, metadata name).</param>
/// <param name="Options">What the adapter may do to records of this dataset.</param>
public sealed record DatasetLocation(
    string Dataset, string Container, string Prefix, string? NameDate, string StageField, LocationOptions Options);

/// <summary>What the policy allows beyond the plain act.</summary>
/// <param name="Snapshots">What becomes of a blob's snapshots.</param>
public sealed record LocationOptions(SnapshotHandling Snapshots)
{
    /// <summary>What becomes of an append blob that is to be rewritten.</summary>
    public AppendBlobHandling AppendBlobs { get; init; }

    /// <summary>Nothing beyond the plain act.</summary>
    public static readonly LocationOptions None = new(SnapshotHandling.Refuse);
}

/// <summary>What becomes of the snapshots of a blob that is deleted or rewritten.</summary>
public enum SnapshotHandling
{
    /// <summary>A blob that has snapshots is left alone, and the outcome says why.</summary>
    Refuse,

    /// <summary>They go.</summary>
    Remove,
}

/// <summary>What becomes of an append blob that is to be rewritten.</summary>
public enum AppendBlobHandling
{
    /// <summary>It is left alone, and the outcome says why.</summary>
    Refuse,

    /// <summary>A block blob takes its place once nobody appends to it any more.</summary>
    ConvertClosed,
}

/// <summary>
/// A part of a dataset that one runner reads from its start to its end. <paramref name="Range"/> is opaque, may hold
/// record keys and is stored encrypted only.
/// </summary>
public sealed record RecordRange(string Range)
{
    /// <summary>Hides the range.</summary>
    public override string ToString() => "RecordRange(…)";
}

/// <summary>What to read of a range.</summary>
/// <param name="Location">The dataset.</param>
/// <param name="Range">The part.</param>
/// <param name="Position">Null to begin, else the position that the page before returned.</param>
/// <param name="Fields">The fields to project, pseudo-fields included.</param>
/// <param name="MaxRecords">At most so many records; a store may return fewer, also none, and still have more.</param>
public sealed record PageQuery(
    DatasetLocation Location, RecordRange Range, string? Position, IReadOnlyCollection<string> Fields, int MaxRecords);

/// <summary>A page.</summary>
/// <param name="Snapshots">Every record of this part of the range; never one of another range, never one twice.</param>
/// <param name="Position">Where the next page begins; null at the end. Opaque, stored encrypted only.</param>
public sealed record RecordPage(IReadOnlyList<RecordSnapshot> Snapshots, string? Position);

/// <summary>
/// A store of records. One implementation per kind of store, one instance per named store of the policy; safe for
/// concurrent use. Every member may throw for a transient reason (network, 5xx, timeout): then nothing is known about
/// its effect. A store that cannot be reached, a container that is missing and a refusal of credentials on a read are
/// exceptions as well: no answer is not "no records".
/// </summary>
public interface IRecordStore
{
    /// <summary>Consistency of <see cref="ReadBackAsync"/>, as the outcome's basis names it: strong, session, …</summary>
    string Consistency { get; }

    /// <summary>
    /// What this object has asked of the store so far, in the unit of its rate budget: requests, each try counted; for
    /// Cosmos DB request units. Never falls.
    /// </summary>
    long Spent { get; }

    /// <summary>
    /// Cuts the dataset into at most <paramref name="atMost"/> ranges that together hold each key that there is or
    /// will be, none twice. What is written during the scan may or may not be seen.
    /// </summary>
    Task<IReadOnlyList<RecordRange>> ListRangesAsync(DatasetLocation location, int atMost, CancellationToken cancel);

    /// <summary>Reads one page. Repeating a query reads the same part again.</summary>
    Task<RecordPage> ReadPageAsync(PageQuery query, CancellationToken cancel);

    /// <summary>Reads one record as it is now; null if it is not there.</summary>
    Task<RecordSnapshot?> ReadAsync(
        DatasetLocation location, RecordKey key, IReadOnlyCollection<string> fields, CancellationToken cancel);

    /// <summary>
    /// Deletes the record if it is still at <paramref name="version"/>. One attempt: no retry hides in here, since the
    /// second try would find the record gone and could not tell by whom.
    /// </summary>
    Task<ActResult> DeleteAsync(
        DatasetLocation location, RecordKey key, string version, CancellationToken cancel);

    /// <summary>
    /// Reads the record at <paramref name="version"/>, transforms it and stages the result; reads may be retried.
    /// The returned commit is the act. A concurrent writer is never overwritten, whatever it staged.
    /// </summary>
    Task<PreparedRewrite> PrepareRewriteAsync(
        DatasetLocation location, RecordKey key, string version, RecordRewrite rewrite, CancellationToken cancel);

    /// <summary>
    /// Observes records after an act, in as few requests as the store allows. Returns one entry per key, in the order
    /// of <paramref name="keys"/>.
    /// </summary>
    Task<IReadOnlyList<ReadBack>> ReadBackAsync(
        DatasetLocation location, IReadOnlyList<RecordKey> keys, CancellationToken cancel);

    /// <summary>
    /// The copies that an act on this dataset leaves behind, by the store's own settings (soft delete, versions,
    /// snapshots) where it can read them. What it cannot read it names with the window that the policy declares.
    /// </summary>
    Task<IReadOnlyList<ResidualCopy>> ListResidualsAsync(DatasetLocation location, CancellationToken cancel);
}

/// <summary>A store whose records have a content to stream: blobs.</summary>
public interface IContentStore : IRecordStore
{
    /// <summary>
    /// Opens the raw content (still compressed where it is) at exactly <paramref name="version"/>; null if the record
    /// is gone or has moved on.
    /// </summary>
    Task<Stream?> OpenContentAsync(
        DatasetLocation location, RecordKey key, string version, CancellationToken cancel);
}

/// <summary>Finds the store that a policy names.</summary>
public interface IRecordStores
{
    /// <summary>Throws <see cref="StoreUnavailableException"/> for a name that no adapter is configured for.</summary>
    IRecordStore Get(string store);
}

/// <summary>A store of the policy that this deployment has no address for, or cannot reach.</summary>
public sealed class StoreUnavailableException(string store, string problem)
    : Exception($"The store '{store}' cannot be used: {problem}")
{
    /// <summary>Its name in the policy.</summary>
    public string Store { get; } = store;
}
