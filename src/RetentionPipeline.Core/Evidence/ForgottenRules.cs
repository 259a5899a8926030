using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// What was removed: each leaf states of how much, and not of what is younger than it says; and no more openings are missing
/// than the leaves say were taken.
/// </summary>
internal sealed class ForgottenRules
{
    private long told;

    /// <summary>Takes a leaf. Throws what a body of another form makes throw.</summary>
    public void Take(long index, Leaf leaf, List<LogProblem> problems)
    {
        var count = (long)leaf.Body["count"]!;
        var requests = leaf.Part == SubjectForgetting.Part ? (long)leaf.Body["requests"]! : 0;
        if (count < 0 || requests < 0 || count + requests == 0)
        {
            problems.Add(new(index, "forgotten-count", $"The leaf says that {count} were removed."));
        }

        if (leaf.Part == SubjectForgetting.Part)
        {
            told += count;
        }
        else if (LeafTime.TryParse((string)leaf.Body["olderThan"]!) is not { } before || before > leaf.At)
        {
            problems.Add(new(index, "time-backwards", "Something is said to be removed by an age that it could not have by then."));
        }
    }

    /// <summary>Once everything is taken.</summary>
    /// <param name="missing">Openings in which something is replaced by its hash.</param>
    /// <param name="problems">Where it is told.</param>
    public void End(long missing, List<LogProblem> problems)
    {
        if (missing > told)
        {
            problems.Add(new(null, "forgotten-untold", $"{missing} openings of records are taken out, and the log says so of {told}."));
        }
    }
}
