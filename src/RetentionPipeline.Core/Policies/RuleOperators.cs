using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Policies;

/// <summary>
/// Makes the operators of a rule. A loaded policy has none that cannot be made: their problems are problems of the
/// document.
/// </summary>
public static class RuleOperators
{
    /// <summary>The keys that operators need, each once.</summary>
    public static IReadOnlyList<KeyUse> KeysOf(IEnumerable<OperatorUse> uses) =>
        [.. uses.Select(use => OperatorCatalogue.KeyOf(use.Operator, use.Parameters)).OfType<KeyUse>().Distinct()];

    /// <summary>For the fields of a record, in their order.</summary>
    public static IReadOnlyList<IFieldOperator> ForFields(IEnumerable<OperatorUse> uses, OperatorKeys keys) =>
        [.. uses.Select(use => OperatorCatalogue.ForField(use.Operator, use.Field, use.Parameters, keys).Operator!)];

    /// <summary>For the lines of a log.</summary>
    public static StreamPlan ForContent(Rule rule, Dataset dataset, OperatorKeys keys)
    {
        var plan = new StreamPlan(null, HostNames.Keep, [], dataset.Options.MaxExpandedBytes) { Format = FormatOf(dataset) };
        foreach (var use in rule.Operators)
        {
            OperatorCatalogue.AddToStream(use.Operator, use.Field, use.Parameters, keys, ref plan);
        }

        return plan;
    }

    /// <summary>How the lines of a dataset's logs are built.</summary>
    public static LineFormat FormatOf(Dataset dataset) => dataset.Format switch
    {
        ContentFormat.Combined => LineFormat.Combined,
        ContentFormat.Ndjson => LineFormat.Ndjson,
        ContentFormat.Csv => LineFormat.Csv,
        ContentFormat.W3c => LineFormat.W3c,
        _ => LineFormat.Text,
    };
}
