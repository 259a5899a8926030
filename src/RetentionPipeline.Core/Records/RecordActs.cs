using System.Buffers;

namespace RetentionPipeline.Core.Records;

/// <summary>How one conditional act ended, as far as the store's answer tells. An answer that got lost is an exception.</summary>
public abstract record ActResult
{
    private ActResult()
    {
    }

    /// <summary>The store confirmed it.</summary>
    /// <param name="Version">The version that a rewrite left; null after a delete.</param>
    public sealed record Done(string? Version) : ActResult;

    /// <summary>The record was not there when the act arrived.</summary>
    public sealed record NotFound : ActResult;

    /// <summary>
    /// The record is there in another version or, where the service does not tell the two apart, gone; nothing was
    /// changed. A read tells which.
    /// </summary>
    public sealed record VersionMismatch : ActResult;

    /// <summary>The store asked to come back later; nothing was changed.</summary>
    /// <param name="RetryAfter">What it asked for, or null.</param>
    public sealed record Throttled(TimeSpan? RetryAfter) : ActResult;

    /// <summary>The store will not do this to this record, now or on a retry; nothing was changed.</summary>
    /// <param name="Reason">Constant code, see <see cref="RefusalReasons"/>.</param>
    public sealed record Refused(string Reason) : ActResult;
}

/// <summary>Why a record cannot be changed. Constants: they stand in outcome leaves.</summary>
public static class RefusalReasons
{
    /// <summary>The blob is in the archive tier and must be rehydrated first.</summary>
    public const string Archived = "archived";

    /// <summary>The blob has an active lease.</summary>
    public const string Leased = "leased";

    /// <summary>A storage immutability policy or storage legal hold covers the blob.</summary>
    public const string Immutable = "immutable";

    /// <summary>
    /// Append and page blobs take no block list. Closed append blobs are replaced where the policy says so; page blobs never.
    /// </summary>
    public const string AppendBlob = "append-blob";

    /// <summary>An append blob that may still be appended to: it is neither sealed nor a day old.</summary>
    public const string AppendBlobOpen = "append-blob-open";

    /// <summary>The blob has snapshots, and the policy does not say that they go too.</summary>
    public const string HasSnapshots = "has-snapshots";

    /// <summary>The content is no gzip, or its gzip is damaged.</summary>
    public const string CorruptGzip = "corrupt-gzip";

    /// <summary>The content is not in the format that the dataset declares.</summary>
    public const string FormatMismatch = "format-mismatch";

    /// <summary>The content expands to more bytes than the dataset allows.</summary>
    public const string ExpandedLimit = "expanded-limit";

    /// <summary>
    /// Somebody else has staged blocks with ids too short to tell ours from theirs; they lapse after a week, or with that
    /// writer's commit.
    /// </summary>
    public const string ForeignBlocks = "foreign-blocks";

    /// <summary>The rule names a key of an operator whose destruction was decided; it needs a higher epoch.</summary>
    public const string KeyDestroyed = "key-destroyed";

    /// <summary>The record is larger than what one act can replace.</summary>
    public const string TooLarge = "too-large";

    /// <summary>The record's id has a character with which the service takes no act by id.</summary>
    public const string Unaddressable = "unaddressable";

    /// <summary>The store refuses the credentials that it was given for this act.</summary>
    public const string Forbidden = "forbidden";
}

/// <summary>What a rewrite does to a record. The store reads, calls the transform and writes under the version.</summary>
/// <param name="Stage">Stored in the record with the rewrite, in one write.</param>
public abstract record RecordRewrite(StageMark Stage)
{
    /// <summary>One change in two forms: for stores of entities with fields, and for those of JSON documents.</summary>
    /// <param name="Stage">Stored with it.</param>
    /// <param name="Transform">Gets all fields of the record and returns the changed.</param>
    /// <param name="Document">Gets the document and writes what it becomes.</param>
    public sealed record OfFields(StageMark Stage, FieldTransform Transform, DocumentTransform Document) : RecordRewrite(Stage);

    /// <summary>The content of a blob, streamed.</summary>
    public sealed record OfContent(StageMark Stage, ContentTransform Transform) : RecordRewrite(Stage);
}

/// <summary>
/// Pure. Returns an entry for each field that changes: the new value, or <see cref="RemovedField"/> for one that goes.
/// </summary>
public delegate IReadOnlyDictionary<string, object?> FieldTransform(IReadOnlyDictionary<string, object?> fields);

/// <summary>Pure. Writes one JSON document (UTF-8) as the rewrite leaves it; what it does not change byte for byte.</summary>
public delegate void DocumentTransform(ReadOnlySpan<byte> document, IBufferWriter<byte> output);

/// <summary>Marks a field that a transform drops, as against one that it sets to null.</summary>
public sealed record RemovedField
{
    /// <summary>The only value.</summary>
    public static readonly RemovedField Value = new();

    private RemovedField()
    {
    }
}

/// <summary>
/// Reads the record's content and writes what stays. Throws <see cref="RecordRefusedException"/> with a reason of
/// <see cref="RefusalReasons"/> for content that cannot be read; the store then drops what it staged.
/// </summary>
public delegate Task<ContentChange> ContentTransform(Stream input, Stream output, CancellationToken cancel);

/// <summary>Lines of a content: read, changed in place, dropped.</summary>
public sealed record ContentChange(long Lines, long Changed, long Dropped);

/// <summary>The content of a record cannot be processed, now or on a retry. Nothing of it is in the message.</summary>
public sealed class RecordRefusedException(string reason) : Exception($"The record was refused: {reason}.")
{
    /// <summary>Constant of <see cref="RefusalReasons"/>.</summary>
    public string Reason { get; } = reason;
}

/// <summary>How preparing a rewrite ended: ready to commit, or an end without any change.</summary>
public abstract record PreparedRewrite
{
    private PreparedRewrite()
    {
    }

    /// <summary>Read, transformed and (content) staged; the record itself is untouched until the commit.</summary>
    /// <param name="Change">What happened to lines; null for fields.</param>
    /// <param name="Commit">
    /// The act: one conditional write, one attempt. May be called once; never called, what was staged lapses.
    /// </param>
    public sealed record Ready(ContentChange? Change, Func<CancellationToken, Task<ActResult>> Commit)
        : PreparedRewrite;

    /// <summary>No commit is possible; <see cref="ActResult.Done"/> never stands here.</summary>
    public sealed record Ended(ActResult Result) : PreparedRewrite;
}

/// <summary>What a read-back saw of one record.</summary>
/// <param name="Key">The record asked for.</param>
/// <param name="Found">Null if it is not there.</param>
public sealed record ReadBack(RecordKey Key, ObservedRecord? Found);

/// <summary>A record that is there: its version, its size in bytes and its stage.</summary>
public sealed record ObservedRecord(string Version, long Bytes, StageMark? Stage);

/// <summary>Copies that survive an act for a while.</summary>
/// <param name="Kind">soft-delete, versions, snapshots, continuous-backup or a backup named in the policy.</param>
/// <param name="Window">How long after the act the last copy is gone.</param>
public sealed record ResidualCopy(string Kind, TimeSpan Window);
