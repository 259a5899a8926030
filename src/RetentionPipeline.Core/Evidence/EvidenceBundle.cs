using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>A file of a bundle.</summary>
public sealed record BundleFile(string Name, ReadOnlyMemory<byte> Content);

/// <summary>
/// What a bundle rests on: from it every file follows, byte by byte. The checkpoint, the leaves with their proofs and the
/// texts of the policies are the log's; of the statement only the subjects and the event id can be checked against it.
/// </summary>
/// <param name="Request">The request that it is about.</param>
/// <param name="Note">The signed checkpoint.</param>
/// <param name="Verifier">Its key.</param>
/// <param name="Leaves">By index.</param>
/// <param name="Shown">Records, by operation and place.</param>
/// <param name="PolicyTexts">By hash: all that the leaves name.</param>
/// <param name="Stated">What the pipeline says besides.</param>
public sealed record BundleFacts(
    Guid Request, ReadOnlyMemory<byte> Note, NoteVerifier Verifier, IReadOnlyList<ProvedLeaf> Leaves,
    IReadOnlyList<ShownRecord> Shown, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> PolicyTexts, BundleStatement Stated)
{
    /// <summary>Of a bundle of scans: which ones it is about. It shows no record and states nothing; it has no request.</summary>
    public ScanScope? Scope { get; init; }

    /// <summary>What outside parties gave for the checkpoint, by name.</summary>
    public IReadOnlyList<BundleFile> Anchors { get; init; } = [];
}

/// <summary>Which scans a bundle is about: all in the log that fit.</summary>
/// <param name="Scan">Just this one.</param>
/// <param name="Dataset">Of this dataset.</param>
/// <param name="From">Begun at or after it.</param>
/// <param name="To">Begun before it.</param>
public sealed record ScanScope(string? Scan, string? Dataset, DateTimeOffset? From, DateTimeOffset? To)
{
    /// <summary>Whether a scan with this start leaf fits.</summary>
    public bool Fits(Leaf start) => (Scan is null || start.Id == Scan)
        && (Dataset is null || (string?)start.Body["dataset"] == Dataset)
        && (From is null || start.At >= From) && (To is null || start.At < To);
}

/// <summary>What a verifier brings along.</summary>
/// <param name="Key">The log's key.</param>
/// <param name="Witnesses">Keys of witnesses.</param>
/// <param name="Stamps">
/// The time that an RFC 3161 response (first) proves over the note (second); null where it proves none. Null: no roots are
/// given, and time stamps stay unchecked.
/// </param>
public sealed record BundleTrust(
    NoteVerifier Key, IReadOnlyList<NoteVerifier> Witnesses, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, DateTimeOffset?>? Stamps)
{
    /// <summary>The log's key alone.</summary>
    public static BundleTrust Of(NoteVerifier key) => new(key, [], null);
}

/// <summary>A leaf, exactly, and that it stands in the log.</summary>
public sealed record ProvedLeaf(TlogProof Proof, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Its place in the log.</summary>
    public long Index => Proof.Index;
}

/// <summary>A record: what was intended for it and what was observed, each with the path to the root of its leaf.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Place">Place in its batch.</param>
/// <param name="Entry">The outcome entry, JCS.</param>
/// <param name="EntryPath">To the outcome's root.</param>
/// <param name="Opening">Of its commitment.</param>
/// <param name="OpeningPath">To the intent's root.</param>
public sealed record ShownRecord(
    string Operation, int Place, string Entry, IReadOnlyList<byte[]> EntryPath, ShownOpening Opening,
    IReadOnlyList<byte[]> OpeningPath);

/// <summary>An opening in which every person but the request's own stays behind a hash.</summary>
public sealed record ShownOpening(byte[] Salt, string Record, IReadOnlyList<ShownSubject> Subjects, string Version)
{
    /// <summary>All that is left of one that was forgotten: its commitment. Null of any other.</summary>
    public byte[]? Forgotten { get; init; }

    /// <summary>The commitment that it opens.</summary>
    public byte[] Commit() => Forgotten ?? RecordOpening.Commit(Salt, Record, Subjects.Select(subject => subject.Hash), Version);

    /// <summary>Hides every subject that is not one of these pseudonyms.</summary>
    public static ShownOpening Of(RecordOpening opening, IReadOnlySet<string> shown) => opening.Commitment is { } left ? new([], "", [], "") { Forgotten = left } : new(
        opening.Salt, opening.Record,
        [.. opening.Subjects.Select(subject => new ShownSubject(subject.Commit(), shown.Contains(subject.Pseudonym) ? subject : null))
            .OrderBy(subject => subject.Hash, StringComparer.Ordinal)],
        opening.Version);
}

/// <summary>A subject of a record.</summary>
/// <param name="Hash">Its commitment, lowercase hex.</param>
/// <param name="Opening">Null for everybody else.</param>
public sealed record ShownSubject(string Hash, SubjectOpening? Opening);

/// <summary>What the pipeline says besides the log.</summary>
/// <param name="EventId">What the source called the request; its id is derived from it. Null where it had none.</param>
/// <param name="Subjects">Opens the commitments of the accepted leaf.</param>
/// <param name="Datasets">One per dataset of the policy at the receipt, in ordinal order; none of a rejected request.</param>
/// <param name="Forgotten">Operations whose openings are not kept any more: their records cannot be shown.</param>
public sealed record BundleStatement(
    string? EventId, IReadOnlyList<SubjectOpening> Subjects, IReadOnlyList<StatedDataset> Datasets,
    IReadOnlyList<string> Forgotten);

/// <summary>Where a dataset stands.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="Scan">The scan that serves it; null where none does, or not yet.</param>
/// <param name="Reason">Why it is open; null if it has reported.</param>
/// <param name="ExpectedBy">When an open one is expected to end.</param>
public sealed record StatedDataset(string Dataset, string? Scan, string? Reason, DateTimeOffset? ExpectedBy);

/// <summary>Something that is wrong with a bundle.</summary>
/// <param name="File">The file; "zip" for the archive itself.</param>
/// <param name="Rule">Stable name of the rule.</param>
/// <param name="Message">What is wrong and what to do.</param>
public sealed record BundleProblem(string File, string Rule, string Message);

/// <summary>What the verification of a bundle found.</summary>
/// <param name="Checkpoint">Null if it could not be opened.</param>
/// <param name="Claims">What it proves, dataset by dataset; empty if anything is wrong.</param>
/// <param name="Problems">All of them.</param>
/// <param name="Unchecked">What nothing in the bundle proves.</param>
public sealed record BundleVerdict(
    Checkpoint? Checkpoint, IReadOnlyList<DatasetClaim> Claims, IReadOnlyList<BundleProblem> Problems,
    IReadOnlyList<string> Unchecked)
{
    /// <summary>
    /// B or C, by the anchors that were checked: anybody can make a file that looks like one, so that without a root or key of
    /// the party it raises nothing, whatever grade the bundle states.
    /// </summary>
    public string Grade => BundleFiles.GradeOf(Anchors.Count);

    /// <summary>In words.</summary>
    public string GradeMeans => BundleFiles.MeaningOf(Grade);

    /// <summary>What outside parties vouch for, as far as it was checked.</summary>
    public IReadOnlyList<string> Anchors { get; init; } = [];

    /// <summary>Nothing is wrong.</summary>
    public bool IsWell => Problems.Count == 0;
}

/// <summary>What a bundle says of one dataset.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="State">done, absent, retained, failed, not-searchable, open or rejected.</param>
/// <param name="Reason">Of an open one.</param>
/// <param name="ExpectedBy">Of an open one.</param>
/// <param name="Scan">The scan that it rests on.</param>
/// <param name="Served">Requests that the scan served: more than one on a log whose window several share.</param>
/// <param name="Counts">Records by the word of their last outcome.</param>
/// <param name="Reasons">Kept records by reason.</param>
/// <param name="Bases">How outcomes were observed.</param>
/// <param name="Until">When the last disclosed copy is gone.</param>
/// <param name="Operations">Of the scan.</param>
/// <param name="Leaves">Indexes that it rests on.</param>
public sealed record DatasetClaim(
    string Dataset, string State, string? Reason, DateTimeOffset? ExpectedBy, string? Scan, long Served,
    IReadOnlyDictionary<string, long> Counts, IReadOnlyDictionary<string, long> Reasons, IReadOnlyList<string> Bases,
    DateTimeOffset? Until, IReadOnlyList<string> Operations, IReadOnlyList<long> Leaves)
{
    /// <summary>When the pipeline found that the last copy had aged out; null before.</summary>
    public DateTimeOffset? CopiesGoneAt { get; init; }

    /// <summary>Of a scan by rule that has closed: whether its closing leaf states that nothing older than the limit is left.</summary>
    public AbsenceStatement? Absence { get; init; }
}

/// <summary>
/// "No hold-free record of this dataset was older than its limit, as of the cut-off": a signed statement with its basis, no
/// proof.
/// </summary>
/// <param name="Rule">The rule.</param>
/// <param name="CutOffAt">As of.</param>
/// <param name="Stands">False: something that was due is still there, or is not confirmed.</param>
/// <param name="Examined">Records that were read and decided on.</param>
/// <param name="Undated">Of these, without a date: nothing is stated of them.</param>
/// <param name="Consistency">Of the reads.</param>
/// <param name="NotActed">Due records that were not acted on.</param>
/// <param name="Failed">Records whose end is not confirmed.</param>
public sealed record AbsenceStatement(
    string Rule, DateTimeOffset CutOffAt, bool Stands, long Examined, long Undated, string Consistency, long NotActed, long Failed);
