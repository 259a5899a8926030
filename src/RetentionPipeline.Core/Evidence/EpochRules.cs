using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Epochs of the pseudonyms' key: each is made behind the one before it, is destroyed once it was made and another one is in
/// use, and not before every instance has dropped its key, as those of operators are; openings are made under one that was made. By times and by
/// numbers: the leaves of two epochs lie in lanes of their own, whose order in the log says nothing.
/// </summary>
internal sealed class EpochRules
{
    /// <summary>Needs the whole log: a bundle has no leaf of an epoch.</summary>
    public const string Unknown = "epoch-unknown";

    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(5);
    private readonly SortedDictionary<long, (long Index, DateTimeOffset At)> made = [];
    private readonly List<(long Epoch, long Index, Leaf Leaf)> destroyed = [];
    private readonly Dictionary<long, (long Index, DateTimeOffset At)> used = [];
    private readonly List<(long Index, Leaf Leaf)> operatorKeys = [];

    /// <summary>Takes a leaf of an epoch. Throws what a body of another form makes throw.</summary>
    public void Take(long index, Leaf leaf)
    {
        var epoch = (long)leaf.Body["epoch"]!;
        if (leaf.Body.ContainsKey("key"))
        {
            TakeOperatorKey(index, epoch, leaf);
            return;
        }

        if (leaf.Id != epoch.ToString(CultureInfo.InvariantCulture) || epoch < 1 || leaf.Part is not ("made" or "destroyed"))
        {
            throw new FormatException("A leaf of another epoch than it says.");
        }

        if (leaf.Part == "made")
        {
            made[epoch] = (index, leaf.At);
        }
        else
        {
            destroyed.Add((epoch, index, leaf));
        }
    }

    /// <summary>An intent was written under that epoch.</summary>
    public void Use(long index, long epoch, DateTimeOffset at)
    {
        if (epoch > 0 && (!used.TryGetValue(epoch, out var first) || at < first.At))
        {
            used[epoch] = (index, at);
        }
    }

    /// <summary>Once everything is taken.</summary>
    public void End(List<LogProblem> problems)
    {
        foreach (var (epoch, (index, at)) in made)
        {
            if (epoch > 1 && (!made.TryGetValue(epoch - 1, out var before) || before.At > at + ClocksDiffer))
            {
                problems.Add(new(index, "epoch-order", $"Epoch {epoch} is said to be made, and epoch {epoch - 1} not before it."));
            }
        }

        // The first epoch is older than such leaves: a log may have openings under it and no leaf.
        foreach (var (epoch, (index, at)) in used.Where(one => one.Key != 1 || made.ContainsKey(1)))
        {
            if (!made.TryGetValue(epoch, out var making))
            {
                problems.Add(new(index, Unknown, $"An intent names epoch {epoch}, and no leaf says that it was made."));
            }
            else if (at + ClocksDiffer < making.At && epoch != 1)
            {
                problems.Add(new(index, "epoch-order", $"An intent names epoch {epoch}, and is older than that epoch."));
            }
        }

        foreach (var (index, leaf) in operatorKeys)
        {
            CheckTime(index, leaf, problems);
        }

        foreach (var (epoch, index, leaf) in destroyed)
        {
            Check(epoch, index, leaf, problems);
        }
    }

    /// <summary>Of an operator's key the log has the end alone.</summary>
    private void TakeOperatorKey(long index, long epoch, Leaf leaf)
    {
        if (leaf.Id != string.Create(CultureInfo.InvariantCulture, $"{(string)leaf.Body["key"]!}.{epoch}") || epoch < 1 || leaf.Part != "destroyed")
        {
            throw new FormatException("A leaf of another key than it says.");
        }

        operatorKeys.Add((index, leaf));
    }

    private void Check(long epoch, long index, Leaf leaf, List<LogProblem> problems)
    {
        if (!made.TryGetValue(epoch, out var making) || making.At > leaf.At)
        {
            problems.Add(new(index, "epoch-order", $"Epoch {epoch} is said to be destroyed, and not to be made before."));
        }
        else if (!made.Any(other => other.Key > epoch && other.Value.At <= leaf.At))
        {
            problems.Add(new(index, "epoch-order", $"Epoch {epoch} is said to be destroyed, and no other one was in use by then."));
        }

        CheckTime(index, leaf, problems);
    }

    private static void CheckTime(long index, Leaf leaf, List<LogProblem> problems)
    {
        if (LeafTime.TryParse((string?)leaf.Body["askedAt"] ?? "") is not { } asked || leaf.At < asked + KeyEpoch.CachesDropIt)
        {
            problems.Add(new(index, "epoch-early", $"Epoch {leaf.Id} is said to be destroyed before every instance had dropped its key."));
        }
    }
}
