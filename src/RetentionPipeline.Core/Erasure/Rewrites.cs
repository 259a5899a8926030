using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>What a rule does to any record of a batch; made once for a delivery.</summary>
/// <param name="Rule">Its name and its stage go into the record.</param>
/// <param name="Fields">For records with fields; null for logs.</param>
/// <param name="Content">For logs; null for records with fields.</param>
internal sealed record RuleRewrite(Rule Rule, FieldRewriting? Fields, StreamPlan? Content)
{
    public static RuleRewrite Of(Rule rule, Dataset dataset, OperatorKeys keys) => dataset.Format is null
        ? new RuleRewrite(rule, new FieldRewriting(RuleOperators.ForFields(rule.Operators, keys)), null)
        : new RuleRewrite(rule, null, RuleOperators.ForContent(rule, dataset, keys));
}

/// <summary>Makes the rewrite of a record.</summary>
internal static class Rewrites
{
    public static RecordRewrite For(ActRun run, RecordView current)
    {
        if (run.Wanted is { } wanted)
        {
            return WithoutLines(run, current, wanted);
        }

        var all = run.Rewrite!;
        var stage = new StageMark(run.InForce.Hash, all.Rule.Name, all.Rule.Stage, run.Batch.Operation, current.ClockAt);
        return all.Fields is { } fields ? fields.At(stage) : new RecordRewrite.OfContent(stage, OfContent(all.Content!));
    }

    /// <summary>The record's stage stays what it is, so that its rules go on from there; only the operation is ours.</summary>
    private static RecordRewrite.OfContent WithoutLines(ActRun run, RecordView current, WantedSubjects wanted)
    {
        var mark = current.Stage is { } stage
            ? stage with { Operation = run.Batch.Operation }
            : new StageMark(run.InForce.Hash, Rule.Request, 0, run.Batch.Operation, current.ClockAt);
        var identifiers = wanted.Identifiers.Select(identifier => identifier.Value).ToList();
        return new(mark, OfContent(new StreamPlan(null, HostNames.Keep, identifiers, run.Dataset.Options.MaxExpandedBytes)));
    }

    private static ContentTransform OfContent(StreamPlan plan) => async (input, output, cancel) =>
    {
        try
        {
            var statistics = await StreamRewriter.RewriteAsync(input, output, plan, cancel);
            return new ContentChange(statistics.Lines, statistics.Changed, statistics.Dropped);
        }
        catch (UnreadableContentException unreadable)
        {
            throw new RecordRefusedException(unreadable.Reason);
        }
    };
}
