using System.Text.Json.Nodes;
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

    /// <summary>A legal hold on a person names this one: nothing was done.</summary>
    public sealed record Held : ForgetAnswer;

    /// <summary>It is done: another instance has gone on with it and ended it, and a leaf says how many.</summary>
    public sealed record ByAnother : ForgetAnswer;
}

/// <summary>
/// Forgets a person in the openings: what opens a commitment goes, the commitment stays, so that every root and every
/// neighbour still proves.
///
/// Order: a row (sealed: it holds the pseudonyms), beside it the list of the operations and requests that name the person,
/// the openings of these one after the other, each marked with the run, the leaf's bytes into the row in the place of
/// pseudonyms and list, the leaf, the row away. A crash leaves the row; the next command, or the timer, goes on from it.
/// However many go on with one run, and whenever: the first list stands, what is on it names the person no more once one of
/// them has been through it, and it is counted by the marks, so that the leaf says what was taken and nobody takes more.
/// Openings that are written meanwhile, for work under way, are not in it: forget again.
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

        return await CompleteAsync(await table.BeginAsync(await finder.NamesOfAsync(identifiers, cancel), cancel), cancel);
    }

    /// <summary>
    /// Completes what was begun and not ended, by timer. Returns how many runs that were; the leaf of each is in the lanes.
    /// </summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var open = await table.ListAsync(cancel);
        foreach (var run in open)
        {
            await CompleteAsync(run, cancel);
        }

        return open.Count;
    }

    private async Task<ForgetAnswer> CompleteAsync(Guid run, CancellationToken cancel)
    {
        while (await table.FindAsync(run, cancel) is { } entry)
        {
            var row = entry.Row;
            if (row.Leaf.Length > 0)
            {
                await lanes.AppendAsync([row.Leaf], cancel);
                await table.EndAsync(entry, [], cancel);
                return new ForgetAnswer.Done(row.OfRecords, row.OfRequests);
            }

            if (row.Parts is null)
            {
                var names = row.Names.ToHashSet(StringComparer.Ordinal);
                var operations = await finder.FindOperationsAsync(names, cancel).Select(found => found.Operation).ToListAsync(cancel);
                await table.FixAsync(entry, operations, await finder.FindRequestsAsync(names, cancel).ToListAsync(cancel), cancel);
            }
            else if (await table.FindPartsAsync(entry, cancel) is { } parts && await TakeAsync(entry, parts, cancel) == 0)
            {
                await table.EndAsync(entry, parts.Rows, cancel);
                return new ForgetAnswer.Nothing();
            }
        }

        return new ForgetAnswer.ByAnother();
    }

    /// <summary>Returns how many openings and requests bear the run's mark.</summary>
    private async Task<int> TakeAsync(ForgettingEntry entry, TakenParts parts, CancellationToken cancel)
    {
        var row = entry.Row;
        var names = row.Names.ToHashSet(StringComparer.Ordinal);
        var (records, asked) = (0, 0);
        foreach (var operation in parts.Operations)
        {
            records += await books.Openings.ForgetAsync(operation, names, row.Run, cancel);
        }

        foreach (var request in parts.Asked)
        {
            asked += await requests.ForgetAsync(request, names, row.Run, cancel) ? 1 : 0;
        }

        if (records + asked > 0)
        {
            var told = row with { Names = [], OfRecords = records, OfRequests = asked, Leaf = Encode(row, records, asked) };
            await table.TellAsync(entry, parts, told, cancel);
        }

        return records + asked;
    }

    private static byte[] Encode(ForgettingRow row, int records, int requests) => Leaf.Encode(
        LeafTypes.Forgotten, row.Run.ToString("D"), Part, row.At, new JsonObject { ["count"] = records, ["requests"] = requests });
}
