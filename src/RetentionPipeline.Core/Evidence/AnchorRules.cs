using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// No leaf is younger than an anchor that covers it: an outside party vouched for the log of that size at that time. Clocks
/// may differ by some minutes.
/// </summary>
internal sealed class AnchorRules
{
    /// <summary>Kinds of anchors, as leaves name them.</summary>
    public const string TimeStamp = "rfc3161";
    public const string Witness = "witness";

    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(5);

    /// <summary>The leaves that are younger than all before them.</summary>
    private readonly List<(long Index, DateTimeOffset At)> youngest = [];

    /// <summary>Takes the time of a leaf that is no anchor.</summary>
    public void Take(long index, DateTimeOffset at)
    {
        if (youngest.Count == 0 || at > youngest[^1].At)
        {
            youngest.Add((index, at));
        }
    }

    /// <summary>Takes an anchor.</summary>
    public void Take(long index, Leaf anchor, List<LogProblem> problems) =>
        Check(index, anchor, (long)anchor.Body["size"]!, problems);

    private void Check(long index, Leaf leaf, long size, List<LogProblem> problems)
    {
        if (size > index || size < 0)
        {
            problems.Add(new(index, "anchor-size", $"The anchor of {leaf.Part} is over {size} leaves, more than stand before it."));
            return;
        }

        var last = youngest.FindLastIndex(one => one.Index < size);
        if (last >= 0 && youngest[last].At > leaf.At + ClocksDiffer)
        {
            problems.Add(new(
                index, "anchor-older",
                $"The anchor of {leaf.Part} covers leaf {youngest[last].Index}, which says that it was written later: one of the two is back-dated."));
        }
    }
}
