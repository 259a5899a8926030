using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// No leaf is younger than an anchor that covers it: an outside party vouched for the log of that size at that time. Clocks
/// may differ by some minutes.
/// </summary>
internal sealed class AnchorRules
{
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(5);

    /// <summary>The leaves that are younger than all before them.</summary>
    private readonly List<(long Index, DateTimeOffset At)> youngest = [];

    public void Take(long index, Leaf leaf, List<LogProblem> problems)
    {
        if (leaf.Type == LeafTypes.Anchor)
        {
            Check(index, leaf, (long)leaf.Body["size"]!, problems);
        }
        else if (youngest.Count == 0 || leaf.At > youngest[^1].At)
        {
            youngest.Add((index, leaf.At));
        }
    }

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
