using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// A query for some fields of all items, with what names and versions them: less to carry than whole items. Columns have
/// names of their own (i, e, s, k0 …, f0 …), so that no field's name can be in the way.
/// </summary>
internal sealed class Projection
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly int levels;
    private readonly IReadOnlyList<string> fields;

    public Projection(CosmosContainer container, string stageField, IReadOnlyCollection<string> fields)
    {
        (levels, this.fields) = (container.KeyPaths.Count, [.. fields]);
        var text = new StringBuilder("SELECT c.id AS i, c._etag AS e, ").Append(Path([stageField])).Append(" AS s");
        for (var level = 0; level < levels; level++)
        {
            text.Append(", ").Append(Path(container.KeyPaths[level].Split('/').Skip(1))).Append(" AS k").Append(level);
        }

        for (var field = 0; field < this.fields.Count; field++)
        {
            text.Append(", ").Append(Path(this.fields[field].Split('.'))).Append(" AS f").Append(field);
        }

        Query = new QueryDefinition(text.Append(" FROM c").ToString());
    }

    public QueryDefinition Query { get; }

    public RecordSnapshot Snapshot(JsonElement row)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (var field = 0; field < fields.Count; field++)
        {
            if (row.TryGetProperty(FormattableString.Invariant($"f{field}"), out var value))
            {
                values[fields[field]] = CosmosFields.Value(value);
            }
        }

        var key = CosmosKeys.Write(Enumerable.Range(0, levels).Select(level =>
            row.TryGetProperty(FormattableString.Invariant($"k{level}"), out var value) ? value : default));
        return new(
            new RecordKey(key, row.GetProperty("i").GetString()!), row.GetProperty("e").GetString()!, values,
            row.TryGetProperty("s", out var mark) ? CosmosFields.Stage(mark) : null, 0);
    }

    private static string Path(IEnumerable<string> names) => "c" + string.Concat(names.Select(name => $"[{JsonSerializer.Serialize(name, Readable)}]"));
}
