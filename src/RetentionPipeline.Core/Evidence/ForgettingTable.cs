using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Rows of persons that are being forgotten; each is gone when that has ended. What a run takes is fixed once, in rows beside
/// its own that come and go with it in one commit.
/// </summary>
public sealed class ForgettingTable(IRowStore rows, ObjectSealer sealer, TimeProvider time)
{
    private const string Partition = "forgetting";
    private const int MostNames = 500;
    private const int OfOnePart = 500;
    private const int MostParts = 90;

    /// <summary>Writes the row of a new run; returns its id.</summary>
    internal async Task<Guid> BeginAsync(IReadOnlySet<string> names, CancellationToken cancel)
    {
        if (names.Count > MostNames)
        {
            throw new ArgumentException($"At most {MostNames} pseudonyms at once.", nameof(names));
        }

        // Each run has an id of its own, whatever the clock says: what it takes bears its mark. One whose answer was lost is
        // completed by the next.
        var run = new Guid(RandomNumberGenerator.GetBytes(16));
        var row = new ForgettingRow(run, time.GetUtcNow(), [.. names.Order(StringComparer.Ordinal)], 0, 0, []);
        await rows.CommitAsync(Partition, [new RowWrite.Insert(Name(run), await SealAsync(row, cancel))], cancel);
        return run;
    }

    /// <summary>Runs that have not ended.</summary>
    internal async Task<IReadOnlyList<Guid>> ListAsync(CancellationToken cancel)
    {
        var found = new List<Guid>();
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            if (Guid.TryParseExact(row.Row, "D", out var run))
            {
                found.Add(run);
            }
        }

        return found;
    }

    /// <summary>Null if the run has ended.</summary>
    internal async Task<ForgettingEntry?> FindAsync(Guid run, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, Name(run), cancel) is { } row
            ? new(await OpenAsync(row, ForgettingJson.Default.ForgettingRow, cancel), row.Version)
            : null;

    /// <summary>
    /// Fixes what the run takes; nothing happens where somebody else was first. At most 45,000 operations and requests: the
    /// rest is for another run.
    /// </summary>
    internal async Task FixAsync(
        ForgettingEntry entry, IReadOnlyList<Guid> operations, IReadOnlyList<Guid> requests, CancellationToken cancel)
    {
        var parts = operations.Select(id => (Id: id, OfRequest: false)).Concat(requests.Select(id => (Id: id, OfRequest: true)))
            .Chunk(OfOnePart).Take(MostParts)
            .Select(part => new ForgettingPart(
                [.. part.Where(one => !one.OfRequest).Select(one => one.Id)], [.. part.Where(one => one.OfRequest).Select(one => one.Id)]))
            .ToList();
        var writes = new List<RowWrite> { await ReplacingAsync(entry, entry.Row with { Parts = parts.Count }, cancel) };
        foreach (var (number, part) in parts.Index())
        {
            var name = $"{Name(entry.Row.Run)}.{number:D2}";
            writes.Add(new RowWrite.Insert(name, await SealAsync(name, part, ForgettingJson.Default.ForgettingPart, cancel)));
        }

        await rows.CommitAsync(Partition, writes, cancel);
    }

    /// <summary>What the run takes; null if somebody else has gone on with it meanwhile.</summary>
    internal async Task<TakenParts?> FindPartsAsync(ForgettingEntry entry, CancellationToken cancel)
    {
        var (found, stands) = (new List<ForgettingPart>(), new List<RowWrite>());
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            if (row.Row.StartsWith(Name(entry.Row.Run) + ".", StringComparison.Ordinal))
            {
                found.Add(await OpenAsync(row, ForgettingJson.Default.ForgettingPart, cancel));
                stands.Add(new RowWrite.Delete(row.Row, row.Version));
            }
        }

        return found.Count == entry.Row.Parts
            ? new([.. found.SelectMany(part => part.Operations)], [.. found.SelectMany(part => part.Asked)], stands)
            : null;
    }

    /// <summary>Puts the leaf in the place of the pseudonyms and of what was taken; nothing happens where somebody else has.</summary>
    internal async Task TellAsync(ForgettingEntry entry, TakenParts parts, ForgettingRow row, CancellationToken cancel) =>
        await rows.CommitAsync(Partition, [await ReplacingAsync(entry, row, cancel), .. parts.Rows], cancel);

    /// <summary>Takes the rows away; such as are gone are no matter.</summary>
    internal Task EndAsync(ForgettingEntry entry, IReadOnlyList<RowWrite> parts, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Delete(Name(entry.Row.Run), entry.Version), .. parts], cancel);

    private static string Name(Guid run) => run.ToString("D");

    private async Task<RowWrite> ReplacingAsync(ForgettingEntry entry, ForgettingRow row, CancellationToken cancel) =>
        new RowWrite.Replace(Name(row.Run), await SealAsync(row, cancel), entry.Version);

    private Task<string> SealAsync(ForgettingRow row, CancellationToken cancel) =>
        SealAsync(Name(row.Run), row, ForgettingJson.Default.ForgettingRow, cancel);

    private async Task<string> SealAsync<T>(
        string name, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancel) =>
        Convert.ToBase64String(await sealer.SealAsync(name, JsonSerializer.SerializeToUtf8Bytes(value, type), cancel));

    private async Task<T> OpenAsync<T>(
        StoredRow row, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancel) =>
        JsonSerializer.Deserialize(await sealer.OpenAsync(row.Row, Convert.FromBase64String(row.Text), cancel), type)
        ?? throw new FormatException("A row of a forgetting holds null.");
}

/// <summary>A person who is being forgotten.</summary>
/// <param name="Run">Id of the run, which marks what it has taken.</param>
/// <param name="At">When it was begun.</param>
/// <param name="Names">The person's pseudonyms; none once all openings are done.</param>
/// <param name="OfRecords">Openings of records that were touched, once all are done.</param>
/// <param name="OfRequests">Requests likewise.</param>
/// <param name="Leaf">Exact bytes of the leaf; empty before.</param>
internal sealed record ForgettingRow(Guid Run, DateTimeOffset At, IReadOnlyList<string> Names, int OfRecords, int OfRequests, byte[] Leaf)
{
    /// <summary>How many rows say what it takes; null before that is fixed.</summary>
    public int? Parts { get; init; }
}

/// <summary>A part of what a run takes.</summary>
internal sealed record ForgettingPart(IReadOnlyList<Guid> Operations, IReadOnlyList<Guid> Asked);

internal sealed record ForgettingEntry(ForgettingRow Row, string Version);

/// <summary>All that a run takes, and how its rows are taken away.</summary>
internal sealed record TakenParts(IReadOnlyList<Guid> Operations, IReadOnlyList<Guid> Asked, IReadOnlyList<RowWrite> Rows);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ForgettingRow))]
[JsonSerializable(typeof(ForgettingPart))]
internal sealed partial class ForgettingJson : JsonSerializerContext;
