using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What became of the wish to forget a person.</summary>
public abstract record ForgetAnswer
{
    private ForgetAnswer()
    {
    }

    /// <summary>It is done, and a leaf says how many.</summary>
    /// <param name="OfRecords">Openings of records from which the person was taken.</param>
    /// <param name="OfRequests">Requests from whose openings it was.</param>
    public sealed record Done(int OfRecords, int OfRequests) : ForgetAnswer;

    /// <summary>No opening names the person: no leaf.</summary>
    public sealed record Nothing : ForgetAnswer;

    /// <summary>A legal hold covers the person: nothing was done.</summary>
    public sealed record Held : ForgetAnswer;
}

/// <summary>
/// Forgets a person in the openings: what opens a commitment goes, the commitment stays, so that every root and every
/// neighbour still proves.
///
/// Order: a row (sealed: it holds the pseudonyms), the openings one after the other, each marked with the run, the leaf's
/// bytes into the row in the pseudonyms' place, the leaf, the row away. A crash leaves the row; the next command, or the
/// timer, goes on from it, and counts by the marks, so that the leaf says the same however often it was begun. Openings that
/// are written meanwhile, for work under way, are not in it: forget again.
/// </summary>
public sealed class SubjectForgetting(
    SubjectFinder finder, ForgettingTable table, HoldTable holds, OperationBooks books, SubjectBook requests, LaneWriter lanes)
{
    /// <summary>What the leaf's part says: openings, not something that was removed by age.</summary>
    public const string Part = "openings";

    /// <summary>Forgets a person, after whatever an earlier run has left.</summary>
    public async Task<ForgetAnswer> ForgetAsync(IReadOnlyList<SubjectIdentifier> identifiers, CancellationToken cancel)
    {
        await RunAsync(cancel);
        if (identifiers.Any((await holds.ReadAsync(cancel)).Identifiers.Contains))
        {
            return new ForgetAnswer.Held();
        }

        var begun = await table.BeginAsync(await finder.NamesOfAsync(identifiers, cancel), cancel);
        return await CompleteAsync(begun, cancel);
    }

    /// <summary>Completes what was begun and not ended, by timer. Returns how many runs that were.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var open = await table.ListAsync(cancel);
        foreach (var entry in open)
        {
            await CompleteAsync(entry, cancel);
        }

        return open.Count;
    }

    private async Task<ForgetAnswer> CompleteAsync(ForgettingEntry entry, CancellationToken cancel)
    {
        var row = entry.Row;
        if (row.Leaf.Length == 0)
        {
            var names = row.Names.ToHashSet(StringComparer.Ordinal);
            var (records, asked) = (0, 0);
            await foreach (var operation in finder.OperationsAsync(cancel))
            {
                records += await books.Openings.ForgetAsync(operation, names, row.Run, cancel);
            }

            await foreach (var request in finder.RequestsAsync(cancel))
            {
                asked += await requests.ForgetAsync(request, names, row.Run, cancel) ? 1 : 0;
            }

            if (records + asked == 0)
            {
                await table.EndAsync(entry, cancel);
                return new ForgetAnswer.Nothing();
            }

            row = row with { Names = [], OfRecords = records, OfRequests = asked, Leaf = Encode(row, records, asked) };
            if (await table.ReplaceAsync(entry, row, cancel) is not { } told)
            {
                // Somebody else completes it, and counts the same.
                return new ForgetAnswer.Done(records, asked);
            }

            entry = told;
        }

        await lanes.AppendAsync([row.Leaf], cancel);
        await table.EndAsync(entry, cancel);
        return new ForgetAnswer.Done(row.OfRecords, row.OfRequests);
    }

    private static byte[] Encode(ForgettingRow row, int records, int requests) => Leaf.Encode(
        LeafTypes.Forgotten, row.Run.ToString("D"), Part, row.At, new JsonObject { ["count"] = records, ["requests"] = requests });
}

/// <summary>Rows of persons that are being forgotten; each is gone when that has ended.</summary>
public sealed class ForgettingTable(IRowStore rows, ObjectSealer sealer, TimeProvider time)
{
    private const string Partition = "forgetting";
    private const int MostNames = 500;

    internal async Task<ForgettingEntry> BeginAsync(IReadOnlySet<string> names, CancellationToken cancel)
    {
        if (names.Count > MostNames)
        {
            throw new ArgumentException($"At most {MostNames} pseudonyms at once.", nameof(names));
        }

        // Each run has an id of its own, whatever the clock says: what it takes bears its mark. One whose answer was lost is
        // completed by the next.
        var run = new Guid(RandomNumberGenerator.GetBytes(16));
        var row = new ForgettingRow(run, time.GetUtcNow(), [.. names.Order(StringComparer.Ordinal)], 0, 0, []);
        await rows.CommitAsync(Partition, [new RowWrite.Insert(Name(row), await WriteAsync(row, cancel))], cancel);
        return await FindAsync(Name(row), cancel) ?? new ForgettingEntry(row with { Names = [] }, "");
    }

    internal async Task<IReadOnlyList<ForgettingEntry>> ListAsync(CancellationToken cancel)
    {
        var found = new List<ForgettingEntry>();
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            found.Add(await OpenAsync(row, cancel));
        }

        return found;
    }

    /// <summary>Null if somebody else changed it.</summary>
    internal async Task<ForgettingEntry?> ReplaceAsync(ForgettingEntry entry, ForgettingRow row, CancellationToken cancel) =>
        await rows.CommitAsync(
            Partition, [new RowWrite.Replace(Name(row), await WriteAsync(row, cancel), entry.Version)], cancel) is RowCommit.Committed
            ? await FindAsync(Name(row), cancel)
            : null;

    /// <summary>Takes the row away; one that is gone, or that another one has changed and will take away, is no matter.</summary>
    internal Task EndAsync(ForgettingEntry entry, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Delete(Name(entry.Row), entry.Version)], cancel);

    private async Task<ForgettingEntry?> FindAsync(string name, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, name, cancel) is { } row ? await OpenAsync(row, cancel) : null;

    private static string Name(ForgettingRow row) => row.Run.ToString("D");

    private async Task<string> WriteAsync(ForgettingRow row, CancellationToken cancel) => Convert.ToBase64String(await sealer.SealAsync(
        Name(row), JsonSerializer.SerializeToUtf8Bytes(row, ForgettingJson.Default.ForgettingRow), cancel));

    private async Task<ForgettingEntry> OpenAsync(StoredRow row, CancellationToken cancel) => new(
        JsonSerializer.Deserialize(
            await sealer.OpenAsync(row.Row, Convert.FromBase64String(row.Text), cancel), ForgettingJson.Default.ForgettingRow)
        ?? throw new FormatException("A row of a forgetting holds null."),
        row.Version);
}

/// <summary>A person who is being forgotten.</summary>
/// <param name="Run">Id of the run, which marks what it has taken.</param>
/// <param name="At">When it was begun.</param>
/// <param name="Names">The person's pseudonyms; none once all openings are done.</param>
/// <param name="OfRecords">Openings of records that were touched, once all are done.</param>
/// <param name="OfRequests">Requests likewise.</param>
/// <param name="Leaf">Exact bytes of the leaf; empty before.</param>
internal sealed record ForgettingRow(Guid Run, DateTimeOffset At, IReadOnlyList<string> Names, int OfRecords, int OfRequests, byte[] Leaf);

internal sealed record ForgettingEntry(ForgettingRow Row, string Version);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ForgettingRow))]
internal sealed partial class ForgettingJson : JsonSerializerContext;
