using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Makes the rewrite of a record from the rule in the plan's policy.</summary>
internal static class Rewrites
{
    public static RecordRewrite For(ActRun run, RecordView current)
    {
        if (run.Wanted is { } wanted)
        {
            return WithoutLines(run, current, wanted);
        }

        var rule = run.Plan.FindRule(run.Batch.Rule)!;
        var stage = new StageMark(run.InForce.Hash, rule.Name, rule.Stage, run.Batch.Operation, current.ClockAt);
        return run.Dataset.Format is null
            ? new RecordRewrite.OfFields(stage, OfFields(rule))
            : new RecordRewrite.OfContent(stage, OfContent(RuleOperators.ForContent(rule, run.Dataset)));
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

    private static FieldTransform OfFields(Rule rule)
    {
        var operators = RuleOperators.ForFields(rule);
        return fields =>
        {
            var current = new Dictionary<string, object?>(fields, StringComparer.Ordinal);
            var changes = new Dictionary<string, object?>(StringComparer.Ordinal);
            foreach (var (field, value) in operators.SelectMany(@operator => @operator.Apply(current).ToList()))
            {
                var dropped = value is DroppedField;
                changes[field] = dropped ? RemovedField.Value : value;
                if (dropped)
                {
                    current.Remove(field);
                }
                else
                {
                    current[field] = value;
                }
            }

            return changes;
        };
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
