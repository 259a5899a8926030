using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Holds;

/// <summary>An intent in the published log.</summary>
/// <param name="Operation">Its operation.</param>
/// <param name="Dataset">Its dataset.</param>
/// <param name="HoldVersion">The hold version that it was begun under.</param>
/// <param name="Ended">Its outcome is in the log.</param>
public sealed record LoggedIntent(Guid Operation, string Dataset, long HoldVersion, bool Ended);

/// <summary>
/// Follows the published log and remembers the intents without an outcome, and those that ended while a hold was
/// pending. Rebuilt from the log at start; reads only what is new afterwards.
/// </summary>
public sealed class IntentBook(LogReader log)
{
    private readonly Dictionary<Guid, LoggedIntent> open = [];
    private readonly Dictionary<Guid, LoggedIntent> ended = [];
    private long read;

    /// <summary>Reads up to the published checkpoint; returns its size, 0 before the first.</summary>
    public async Task<long> FollowAsync(CancellationToken cancel)
    {
        var size = (await log.CheckpointAsync(cancel))?.Size ?? 0;
        while (read < size)
        {
            var count = (int)Math.Min(256, size - read);
            foreach (var entry in await log.ReadEntriesAsync(read, count, cancel))
            {
                Note(Leaf.Parse(entry.Span));
                read++;
            }
        }

        return size;
    }

    /// <summary>Intents begun under a hold version older than <paramref name="version"/>, ended or not.</summary>
    public IEnumerable<LoggedIntent> OlderThan(long version) =>
        open.Values.Concat(ended.Values).Where(intent => intent.HoldVersion < version);

    /// <summary>Forgets ended intents that no pending hold can ask for any more.</summary>
    public void ForgetEnded() => ended.Clear();

    private void Note(Leaf leaf)
    {
        if (leaf.Type == LeafTypes.Intent && Guid.TryParse(leaf.Id, out var operation))
        {
            open[operation] = new LoggedIntent(
                operation, Text(leaf.Body, "dataset"), (long)leaf.Body["holds"]!, false);
        }
        else if (leaf.Type == LeafTypes.Outcome && Guid.TryParse(leaf.Id, out var done)
            && open.Remove(done, out var intent))
        {
            ended[done] = intent with { Ended = true };
        }
    }

    private static string Text(JsonObject body, string name) => body[name]!.GetValue<string>();
}
