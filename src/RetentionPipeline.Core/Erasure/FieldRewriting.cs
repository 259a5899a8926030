using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Rewrites records by operators over their fields. Made once for many records; safe for concurrent use.</summary>
public sealed class FieldRewriting(IReadOnlyList<IFieldOperator> operators)
{
    private readonly DocumentAnonymiser documents = new(operators);

    /// <summary>The rewrite of one record.</summary>
    public RecordRewrite.OfFields At(StageMark stage) =>
        new(stage, Changes, (document, output) => documents.Rewrite(document, output));

    private Dictionary<string, object?> Changes(IReadOnlyDictionary<string, object?> fields)
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
    }
}
