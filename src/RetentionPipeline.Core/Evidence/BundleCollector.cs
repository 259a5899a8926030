using System.Text;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Gathers what proves a request, from the published log and the openings alone: the scans' own objects are gone after
/// some weeks, those stay. Reads the whole log once to find the request's leaves, and once more for those of its scans.
/// </summary>
public sealed class BundleCollector(
    LogReader log, IObjectStore objects, RequestDesk desk, SubjectBook persons, OperationBooks books, AnchoredLog anchored)
{
    /// <summary>The bundle of a request, under the checkpoint that is published now.</summary>
    public async Task<BundleAnswer> CollectAsync(Guid request, NoteVerifier verifier, CancellationToken cancel)
    {
        if (await desk.FindAsync(request, cancel) is not { } status)
        {
            return new BundleAnswer.Unknown();
        }

        // The row before the checkpoint: what the row says has ended then stands in the log.
        if (await LogProver.OpenAsync(log, cancel) is not { } prover || await FindToldAsync(request, prover, cancel) is not { Count: > 0 } told)
        {
            return new BundleAnswer.NotInLog();
        }

        var anchors = new List<AnchorLeaf>();
        var leaves = await BundleLeaves.FindAsync(WantedScans(status.Row, told), told, prover, anchors, cancel);
        (prover, var given) = await anchored.ChooseAsync(prover, anchors, leaves[^1].Index, cancel);
        var proved = await BundleLeaves.ProveAsync(leaves, prover, cancel);
        var facts = new BundleFacts(
            request, prover.Note, verifier, proved, [], new SortedDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal),
            new BundleStatement(status.Row.EventId, [], [], []))
        { Anchors = given };
        var read = new BundleLog(facts);
        facts = facts with { PolicyTexts = await PolicyTexts.ReadAsync(read, objects, cancel) };
        read = new BundleLog(facts);
        var subjects = await FindSubjectsAsync(request, read, cancel);
        var (shown, forgotten) = await ShowAsync(read, subjects, cancel);
        facts = facts with
        {
            Shown = shown,
            Stated = new(status.Row.EventId, subjects, StatedDatasets.Of(status, read), forgotten),
        };
        return BundleAnswer.Of(facts, read);
    }

    private static async Task<List<(long Index, Leaf Leaf)>> FindToldAsync(Guid request, LogProver prover, CancellationToken cancel)
    {
        var id = request.ToString("D");
        var name = Encoding.ASCII.GetBytes(id);
        var told = new List<(long, Leaf)>();
        await foreach (var (index, entry) in prover.EntriesAsync(cancel))
        {
            if (entry.Span.IndexOf(name) >= 0 && Leaf.Parse(entry.Span) is { Type: LeafTypes.Request } leaf && leaf.Id == id)
            {
                told.Add((index, leaf));
            }
        }

        return told;
    }

    /// <summary>Scans that an end names, that serve a dataset now, or that were tried before.</summary>
    private static HashSet<string> WantedScans(RequestRow row, IReadOnlyList<(long Index, Leaf Leaf)> told)
    {
        var wanted = told.SelectMany(leaf => RequestLeaf.Of(leaf.Index, leaf.Leaf).Closing?.Tasks ?? []).ToHashSet(StringComparer.Ordinal);
        foreach (var task in row.Tasks)
        {
            wanted.UnionWith(Enumerable.Range(0, task.Number + 1).Select(number => DerivedId.TaskOf(row.Request, task.Dataset, number).ToString("D")));
            if (task.Scan is { } scan)
            {
                wanted.Add(scan.ToString("D"));
            }
        }

        return wanted;
    }

    /// <summary>Those that the acceptance commits to; none of a request from before it did.</summary>
    private async Task<IReadOnlyList<SubjectOpening>> FindSubjectsAsync(Guid request, BundleLog read, CancellationToken cancel)
    {
        var committed = read.Leaves.Where(leaf => leaf.Leaf.Type == LeafTypes.Request)
            .SelectMany(leaf => leaf.Leaf.Body["subjects"]?.AsArray() ?? []).Select(hash => (string?)hash).ToHashSet();
        return [.. (await persons.FindAsync(request, cancel))?.Openings.Where(opening => opening.Hash is null && committed.Contains(opening.Commit())) ?? []];
    }

    private async Task<(IReadOnlyList<ShownRecord> Shown, IReadOnlyList<string> Forgotten)> ShowAsync(
        BundleLog read, IReadOnlyList<SubjectOpening> subjects, CancellationToken cancel)
    {
        var pseudonyms = subjects.Select(subject => subject.Pseudonym).ToHashSet(StringComparer.Ordinal);
        var (shown, forgotten) = (new List<ShownRecord>(), new List<string>());
        foreach (var operation in read.Outcomes.Keys.Order(StringComparer.Ordinal))
        {
            var id = Guid.ParseExact(operation, "D");
            if (await books.Openings.FindAsync(id, cancel) is not { } opened || await books.Outcomes.FindAsync(id, cancel) is not { } results)
            {
                forgotten.Add(operation);
                continue;
            }

            var isSearch = BundleLog.IsSearch(read.Scans[read.Outcomes[operation].Scan]);
            shown.AddRange(Show(operation, opened, results.Entries, pseudonyms)
                .Where(record => !isSearch || DatasetClaims.WordOf(Jcs.Parse(Encoding.UTF8.GetBytes(record.Entry))) != "absent"));
        }

        return (shown, forgotten);
    }

    private static IEnumerable<ShownRecord> Show(
        string operation, BatchOpenings opened, IReadOnlyList<string> entries, IReadOnlySet<string> pseudonyms)
    {
        var count = entries.Count;
        var intent = new Subtrees([.. opened.Entries.Select(entry => entry.Commit())]);
        var outcome = new Subtrees([.. entries.Select(entry => Rfc6962.LeafHash(Encoding.UTF8.GetBytes(entry)))]);
        return Enumerable.Range(0, count).Select(place => new ShownRecord(
            operation, place, entries[place], MerkleTree.InclusionPath(outcome, count, place),
            ShownOpening.Of(opened.Entries[place], pseudonyms), MerkleTree.InclusionPath(intent, count, place)));
    }
}
