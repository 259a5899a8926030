using System.Text.Json.Serialization;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Core.Requests;

/// <summary>Where a request stands.</summary>
public enum RequestState
{
    /// <summary>Above its source's cap: a person decides.</summary>
    Parked,

    /// <summary>Its tasks are to run, or run.</summary>
    Accepted,

    /// <summary>Refused, with reasons; nothing of it was or will be carried out.</summary>
    Rejected,

    /// <summary>Every dataset has reported, and some records were kept or not confirmed.</summary>
    PartiallyCompleted,

    /// <summary>Every dataset has reported, and nothing was kept.</summary>
    Completed,
}

/// <summary>A request, as its row. Nothing in it names the person but what is sealed.</summary>
/// <param name="Request">Its id, derived from source and event id.</param>
/// <param name="Source">Who handed it in.</param>
/// <param name="EventId">What the answers are correlated by; null where it could not be read.</param>
/// <param name="MessageId">The broker's message id, which correlates then.</param>
/// <param name="State">Where it stands.</param>
/// <param name="ReceivedAt">When it was received first: deadlines count from here.</param>
/// <param name="Policy">Hash of the policy that it was received under; its datasets are that policy's.</param>
/// <param name="Reasons">Of a refusal.</param>
/// <param name="Identifiers">Sealed; empty once the request has ended.</param>
/// <param name="Tasks">One per dataset of the policy.</param>
/// <param name="Ends">How often its end was told while a hold kept it open.</param>
/// <param name="AnswerPending">Accepted by a person's decision, and the source has not been told.</param>
public sealed record RequestRow(
    Guid Request, string Source, string? EventId, string MessageId, RequestState State, DateTimeOffset ReceivedAt,
    string Policy, IReadOnlyList<string> Reasons, byte[] Identifiers, IReadOnlyList<RequestTask> Tasks, int Ends,
    bool AnswerPending)
{
    /// <summary>Epoch of the pseudonyms when it was received: its evidence finds the person under it. 0 of an older row.</summary>
    public int Epoch { get; init; }

    /// <summary>That epoch; of an older row the first one, which was the only one then.</summary>
    [JsonIgnore]
    public int TakenInUnder => Math.Max(1, Epoch);
}

/// <summary>What a request is on one dataset.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="Number">Tries before this one: a failed task is tried again, a held one after the hold.</param>
/// <param name="Since">Not before; on a log the window of this instant collects it.</param>
/// <param name="Scan">The scan that serves it; null until it is on one's list.</param>
/// <param name="HoldVersion">Version of the holds when that began.</param>
/// <param name="Ending">Null while it is open.</param>
public sealed record RequestTask(
    string Dataset, int Number, DateTimeOffset Since, Guid? Scan, long HoldVersion, TaskEnding? Ending)
{
    /// <summary>
    /// What its scan said; null while it is open and where no scan could look. Kept here since a hold may keep a request
    /// open for longer than the scan's own objects are.
    /// </summary>
    public TaskEnd? End { get; init; }
}

/// <summary>How a dataset ended for a request.</summary>
public enum TaskEnding
{
    /// <summary>Nothing of the person is left there.</summary>
    Done,

    /// <summary>A keep-at-least or a coded exception keeps something.</summary>
    Kept,

    /// <summary>A legal hold keeps something; its release lets it go on.</summary>
    Held,

    /// <summary>Something is not confirmed: it may or may not be there.</summary>
    Failed,

    /// <summary>The policy says neither where the dataset names persons nor how to read it.</summary>
    NotSearchable,
}

/// <summary>A row and the version that it was read at.</summary>
public sealed record RequestEntry(RequestRow Row, string Version);

/// <summary>What is counted against a source's cap, by the clock in UTC.</summary>
internal sealed record CapRow(DateTimeOffset Hour, int InHour, DateOnly Day, int InDay);

/// <summary>What was told about a request in one state, byte for byte.</summary>
/// <param name="Leaf">The ledger leaf.</param>
/// <param name="Reply">The message to the source; empty where none is due.</param>
/// <param name="Entries">Of an end: what the leaf's root is over, canonical JSON, in the order of the datasets.</param>
public sealed record RequestAnswer(byte[] Leaf, byte[] Reply, IReadOnlyList<string> Entries);

/// <summary>Serialisers of the room's stored forms.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RequestRow))]
[JsonSerializable(typeof(CapRow))]
[JsonSerializable(typeof(RequestAnswer))]
[JsonSerializable(typeof(RequestSubjects))]
[JsonSerializable(typeof(IReadOnlyList<SubjectIdentifier>))]
internal sealed partial class RequestJsonContext : JsonSerializerContext;
