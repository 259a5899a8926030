using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Stores.Tests;

/// <summary>Rewrites of records by operators: field, operator, and parameters (<c>a=1</c>, <c>b=2</c>).</summary>
internal static class FieldChanges
{
    public static RecordRewrite At(StageMark stage, params (string Field, string Operator, string Parameters)[] changes) =>
        new FieldRewriting([.. changes.Select(change => OperatorCatalogue.ForField(
            change.Operator, change.Field,
            change.Parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]),
            OperatorKeys.None).Operator!)]).At(stage);
}
