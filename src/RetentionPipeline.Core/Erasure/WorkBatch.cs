using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// A batch: up to 1,000 records of one dataset with one action, written once, sealed. Where it was planned by a slice it
/// also is the slice's position: what was read up to here, and where reading goes on.
/// </summary>
public sealed record WorkBatch
{
    /// <summary>Most records of a batch, whatever a deployment asks for.</summary>
    public const int MaxEntries = 1000;

    /// <summary>The operation that this batch is.</summary>
    public required Guid Operation { get; init; }

    /// <summary>Its scan.</summary>
    public required Guid Scan { get; init; }

    /// <summary>Its slice.</summary>
    public required int Slice { get; init; }

    /// <summary>Place in its slice, from 0; a child keeps its parent's.</summary>
    public required int Number { get; init; }

    /// <summary>Rule acted for.</summary>
    public required string Rule { get; init; }

    /// <summary>Dataset of all its records.</summary>
    public required string Dataset { get; init; }

    /// <summary>What is to be done.</summary>
    public required RuleAction Action { get; init; }

    /// <summary>Policy that it was decided under.</summary>
    public required string Policy { get; init; }

    /// <summary>The instant that everything was decided for.</summary>
    public required DateTimeOffset CutOffAt { get; init; }

    /// <summary>The operation whose deferred records these are; null for a planned batch.</summary>
    public Guid? Parent { get; init; }

    /// <summary>Children in a row, this one included, before which nothing was acted on or decided.</summary>
    public int IdleChildren { get; init; }

    /// <summary>The records; empty in a tombstone, and where a slice stopped in time with nothing due.</summary>
    public required IReadOnlyList<WorkEntry> Entries { get; init; }

    /// <summary>How many records it has or, as a tombstone, had.</summary>
    public required int Count { get; init; }

    /// <summary>Where the slice reads on; null with <see cref="Last"/>, and for children.</summary>
    public string? Position { get; init; }

    /// <summary>Running sums of the slice up to and including this batch.</summary>
    public ScanTotals Totals { get; init; } = ScanTotals.Zero;

    /// <summary>The slice ends here.</summary>
    public bool Last { get; init; }

    /// <summary>What remains when the scan has closed: no record is named any more.</summary>
    public WorkBatch ToTombstone() => this with { Entries = [] };
}

/// <summary>A record to act on, as the slice saw it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Version">The version that was decided on.</param>
/// <param name="ClockAt">Its clock.</param>
/// <param name="Subjects">The persons that it names.</param>
public sealed record WorkEntry(
    RecordKey Key, string Version, DateTimeOffset ClockAt, IReadOnlyList<SubjectIdentifier> Subjects);

/// <summary>Reads and writes batches.</summary>
public sealed class WorkBatches(IObjectStore objects, ObjectSealer sealer)
{
    private const int MostRemembered = 20_000;
    private readonly Remembered<Guid, WorkBatch> heads = new(MostRemembered);

    /// <summary>Writes the batch, or returns the one that stands under its operation already.</summary>
    public async Task<WorkBatch> WriteOnceAsync(WorkBatch batch, CancellationToken cancel)
    {
        var name = ObjectNames.WorkOf(batch.Operation);
        var mine = await sealer.SealAsync(name, Encode(batch), cancel);
        var stands = await objects.WriteOnceAsync(name, mine, cancel);
        return stands.Content.Span.SequenceEqual(mine) ? batch : await DecodeAsync(name, stands, cancel);
    }

    /// <summary>Null if no such operation was planned.</summary>
    public async Task<WorkBatch?> FindAsync(Guid operation, CancellationToken cancel)
    {
        var name = ObjectNames.WorkOf(operation);
        return await objects.ReadAsync(name, cancel) is { } stands ? await DecodeAsync(name, stands, cancel) : null;
    }

    /// <summary>
    /// The batch without its records, as its tombstone will be: what those need who only ask where a scan stands. Null if
    /// no such operation was planned.
    /// </summary>
    public Task<WorkBatch?> FindHeadAsync(Guid operation, CancellationToken cancel) =>
        heads.GetAsync(operation, async () => (await FindAsync(operation, cancel))?.ToTombstone());

    /// <summary>Replaces the batch by its tombstone; one that is a tombstone stays.</summary>
    public async Task BuryAsync(Guid operation, CancellationToken cancel)
    {
        var name = ObjectNames.WorkOf(operation);
        while (await objects.ReadAsync(name, cancel) is { } stands)
        {
            var batch = await DecodeAsync(name, stands, cancel);
            if (batch.Entries.Count == 0)
            {
                return;
            }

            var tombstone = await sealer.SealAsync(name, Encode(batch.ToTombstone()), cancel);
            if (await objects.ReplaceAsync(name, tombstone, stands.Version, cancel) is not null)
            {
                return;
            }
        }
    }

    private static byte[] Encode(WorkBatch batch) =>
        JsonSerializer.SerializeToUtf8Bytes(batch, ErasureJsonContext.Default.WorkBatch);

    private async Task<WorkBatch> DecodeAsync(string name, StoredObject stands, CancellationToken cancel) =>
        JsonSerializer.Deserialize(
            await sealer.OpenAsync(name, stands.Content, cancel), ErasureJsonContext.Default.WorkBatch)
        ?? throw new FormatException($"The object '{name}' holds null.");
}

/// <summary>Serialisers of the room's stored forms.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(WorkBatch))]
[JsonSerializable(typeof(BatchResults))]
[JsonSerializable(typeof(BatchOpenings))]
[JsonSerializable(typeof(PolicyRow))]
[JsonSerializable(typeof(OperatorKeyEnd))]
internal sealed partial class ErasureJsonContext : JsonSerializerContext;
