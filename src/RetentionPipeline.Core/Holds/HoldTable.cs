using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Holds;

/// <summary>
/// The rows of the holds. One partition, so that a hold and the table's version change together: a handler that read
/// version n has read every hold up to n.
/// </summary>
public sealed class HoldTable(IRowStore rows, ObjectSealer sealer) : IEpochNames
{
    private const string Partition = "holds";
    private const string VersionRow = "~version";

    /// <summary>One reading: the version, and the holds of at least that version.</summary>
    public async Task<HoldSet> ReadAsync(CancellationToken cancel)
    {
        // The version first: holds that come between the two readings are in the set although the version does not
        // name them yet, which is the safe side.
        var version = await ReadVersionAsync(cancel);
        var holds = new List<Hold>();
        await foreach (var hold in ListAsync(cancel))
        {
            holds.Add(hold);
        }

        return new HoldSet(version, holds);
    }

    /// <summary>All holds, released ones too.</summary>
    public async IAsyncEnumerable<Hold> ListAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            if (row.Row != VersionRow)
            {
                yield return (await OpenAsync(row, cancel)).Hold;
            }
        }
    }

    internal async Task<HoldEntry?> FindAsync(Guid id, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, id.ToString("D"), cancel) is { } row ? await OpenAsync(row, cancel) : null;

    internal async IAsyncEnumerable<HoldEntry> ListEntriesAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            if (row.Row != VersionRow)
            {
                yield return await OpenAsync(row, cancel);
            }
        }
    }

    /// <summary>
    /// Inserts or replaces a hold and raises the version with it. Null if somebody else changed the table meanwhile:
    /// read again and decide again.
    /// </summary>
    internal async Task<HoldEntry?> RaiseAsync(
        Func<long, HoldEntry> make, string? replaces, CancellationToken cancel)
    {
        var row = await rows.ReadAsync(Partition, VersionRow, cancel);
        var next = (row is null ? 0 : Parse(row)) + 1;
        var entry = make(next);
        var text = next.ToString(CultureInfo.InvariantCulture);
        var commit = await rows.CommitAsync(
            Partition,
            [
                row is null ? new RowWrite.Insert(VersionRow, text) : new RowWrite.Replace(VersionRow, text, row.Version),
                await WriteAsync(entry, replaces, cancel),
            ],
            cancel);
        return commit is RowCommit.Committed ? entry : null;
    }

    /// <summary>Replaces a hold without raising the version: its state moves, its cover does not.</summary>
    internal async Task<RowCommit> ReplaceAsync(HoldEntry entry, CancellationToken cancel) =>
        await rows.CommitAsync(Partition, [await WriteAsync(entry, entry.RowVersion, cancel)], cancel);

    /// <inheritdoc/>
    /// <remarks>
    /// A released hold names nobody but by pseudonym, under each epoch that was live that day. The last one that is left
    /// stays, whichever it is: alone it links to nothing.
    /// </remarks>
    public async Task DropAsync(int epoch, CancellationToken cancel)
    {
        await foreach (var listed in ListEntriesAsync(cancel))
        {
            for (HoldEntry? entry = listed; entry is not null; entry = await FindAsync(listed.Hold.Id, cancel))
            {
                var left = entry.Hold.Names.Where(names => names.Epoch != epoch).ToList();
                if (left.Count == 0 || left.Count == entry.Hold.Names.Count
                    || await ReplaceAsync(entry with { Hold = entry.Hold with { Names = left } }, cancel) is RowCommit.Committed)
                {
                    break;
                }
            }
        }
    }

    private async Task<long> ReadVersionAsync(CancellationToken cancel) =>
        await rows.ReadAsync(Partition, VersionRow, cancel) is { } row ? Parse(row) : 0;

    private static long Parse(StoredRow row) => long.Parse(row.Text, CultureInfo.InvariantCulture);

    private async Task<RowWrite> WriteAsync(HoldEntry entry, string? replaces, CancellationToken cancel)
    {
        var name = entry.Hold.Id.ToString("D");
        var form = HoldForm.Of(entry);
        var json = JsonSerializer.SerializeToUtf8Bytes(form, HoldJsonContext.Default.HoldForm);
        var text = Convert.ToBase64String(await sealer.SealAsync(name, json, cancel));
        return replaces is null ? new RowWrite.Insert(name, text) : new RowWrite.Replace(name, text, replaces);
    }

    private async Task<HoldEntry> OpenAsync(StoredRow row, CancellationToken cancel)
    {
        var json = await sealer.OpenAsync(row.Row, Convert.FromBase64String(row.Text), cancel);
        var form = JsonSerializer.Deserialize(json, HoldJsonContext.Default.HoldForm)
            ?? throw new FormatException("A hold row holds null.");
        return new HoldEntry(form.ToHold(), form.Leaves, form.Barrier, row.Version) { PlacedBy = form.PlacedBy };
    }
}

/// <summary>A hold with what its protocol has to remember.</summary>
/// <param name="Hold">The hold.</param>
/// <param name="Leaves">Exact bytes of its leaves so far, by type, so that every repetition appends the same.</param>
/// <param name="Barrier">What its becoming effective waits for; null before the wait is over.</param>
/// <param name="RowVersion">Version of the row.</param>
internal sealed record HoldEntry(
    Hold Hold, IReadOnlyDictionary<string, byte[]> Leaves, HoldBarrierState? Barrier, string RowVersion)
{
    /// <summary>Pseudonym of whoever placed it.</summary>
    public string PlacedBy { get; init; } = "";
}

/// <summary>What a hold's becoming effective waits for.</summary>
/// <param name="LanePositions">Lengths of the lanes after the wait, one per lane.</param>
/// <param name="WaitsFor">Operations that began before it and have no outcome in the log yet.</param>
/// <param name="Touched">Operations whose outcome lies between its placing and its becoming effective.</param>
internal sealed record HoldBarrierState(
    IReadOnlyList<string> LanePositions, IReadOnlyList<Guid> WaitsFor, IReadOnlyList<Guid> Touched);

internal sealed record HoldForm(
    Guid Id, string Name, string Reason, HoldState State, long Version, DateTimeOffset PlacedAt, string? Dataset,
    RecordKey? Record, IReadOnlyList<SubjectIdentifier>? Subject, IReadOnlyDictionary<string, byte[]> Leaves,
    HoldBarrierState? Barrier, string PlacedBy)
{
    public IReadOnlyList<HoldNames>? Names { get; init; }

    public static HoldForm Of(HoldEntry entry) => Of(entry.Hold, entry);

    private static HoldForm Of(Hold hold, HoldEntry entry) => new(
        hold.Id, hold.Name, hold.Reason, hold.State, hold.Version, hold.PlacedAt,
        hold.Scope switch
        {
            HoldScope.OfDataset scope => scope.Dataset,
            HoldScope.OfRecord scope => scope.Dataset,
            _ => null,
        },
        (hold.Scope as HoldScope.OfRecord)?.Key, (hold.Scope as HoldScope.OfSubject)?.Identifiers, entry.Leaves,
        entry.Barrier, entry.PlacedBy)
    { Names = hold.Names.Count > 0 ? hold.Names : null };

    public Hold ToHold()
    {
        HoldScope scope = this switch
        {
            { Subject: { } identifiers } => new HoldScope.OfSubject(identifiers),
            { Record: { } key, Dataset: { } dataset } => new HoldScope.OfRecord(dataset, key),
            { Dataset: { } dataset } => new HoldScope.OfDataset(dataset),
            _ => throw new FormatException("A hold row without a scope."),
        };
        return new Hold(Id, Name, scope, Reason, State, Version, PlacedAt)
        {
            Names = Names ?? [],
            Progress =
            [
                .. (Barrier?.WaitsFor ?? []).Select(operation => $"waits for operation {operation:D}, begun before it"),
                .. (Barrier?.Touched ?? []).Select(operation => $"operation {operation:D} began before it and had ended"),
            ],
        };
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(HoldForm))]
internal sealed partial class HoldJsonContext : JsonSerializerContext;
