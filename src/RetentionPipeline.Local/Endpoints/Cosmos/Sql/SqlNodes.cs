using System.Buffers;
using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>An expression over one item. Undefined is a value of its own kind.</summary>
internal abstract class SqlNode
{
    public abstract JsonElement Value(JsonElement item);

    /// <summary>True, false, or null: undefined or no truth value. Only true lets an item through.</summary>
    public virtual bool? Truth(JsonElement item) => Value(item).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>If only items with these ids can make it true: the ids. Null where any item may.</summary>
    public virtual IReadOnlyCollection<string>? Ids() => null;
}

internal sealed class SqlLiteral(JsonElement value) : SqlNode
{
    public override JsonElement Value(JsonElement item) => value;

    /// <summary>What an id must be to be this; none where this is no text.</summary>
    public IReadOnlyCollection<string> AsIds() => value.ValueKind == JsonValueKind.String ? [value.GetString()!] : [];
}

/// <summary>A path below the item: names and places in lists; none is the item itself.</summary>
internal sealed class SqlPath(IReadOnlyList<object> steps) : SqlNode
{
    public IReadOnlyList<object> Steps => steps;

    public bool IsId => steps is ["id"];

    public override JsonElement Value(JsonElement item)
    {
        foreach (var step in steps)
        {
            if (step is string name && item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var property))
            {
                item = property;
            }
            else if (step is int place && item.ValueKind == JsonValueKind.Array && place < item.GetArrayLength())
            {
                item = item[place];
            }
            else
            {
                return default;
            }
        }

        return item;
    }
}

/// <summary>What is true, false or undefined.</summary>
internal abstract class SqlCondition : SqlNode
{
    public override JsonElement Value(JsonElement item) =>
        Truth(item) is { } truth ? JsonSerializer.SerializeToElement(truth) : default;

    public abstract override bool? Truth(JsonElement item);
}

internal sealed class SqlAll(IReadOnlyList<SqlNode> parts) : SqlCondition
{
    public override bool? Truth(JsonElement item)
    {
        bool? all = true;
        foreach (var part in parts)
        {
            switch (part.Truth(item))
            {
                case false: return false;
                case null: all = null; break;
            }
        }

        return all;
    }

    public override IReadOnlyCollection<string>? Ids() => parts.Select(part => part.Ids()).Where(ids => ids is not null).MinBy(ids => ids!.Count);
}

internal sealed class SqlAny(IReadOnlyList<SqlNode> parts) : SqlCondition
{
    public override bool? Truth(JsonElement item)
    {
        bool? any = false;
        foreach (var part in parts)
        {
            switch (part.Truth(item))
            {
                case true: return true;
                case null: any = null; break;
            }
        }

        return any;
    }

    public override IReadOnlyCollection<string>? Ids()
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            if (part.Ids() is not { } ids)
            {
                return null;
            }

            all.UnionWith(ids);
        }

        return all;
    }
}

internal sealed class SqlNot(SqlNode part) : SqlCondition
{
    public override bool? Truth(JsonElement item) => !part.Truth(item);
}

/// <summary>A comparison; undefined between values of different types.</summary>
internal sealed class SqlComparison(string sign, SqlNode left, SqlNode right) : SqlCondition
{
    public override bool? Truth(JsonElement item)
    {
        var (one, other) = (left.Value(item), right.Value(item));
        if (sign is "=" or "!=" or "<>")
        {
            var same = SqlValues.Same(one, other);
            return sign == "=" ? same : !same;
        }

        return SqlValues.Compare(one, other) is not { } order
            ? null
            : sign switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
    }

    public override IReadOnlyCollection<string>? Ids() => (sign, left, right) switch
    {
        ("=", SqlPath { IsId: true }, SqlLiteral literal) => literal.AsIds(),
        ("=", SqlLiteral literal, SqlPath { IsId: true }) => literal.AsIds(),
        _ => null,
    };
}

internal sealed class SqlIn(SqlNode value, IReadOnlyList<SqlNode> list) : SqlCondition
{
    public override bool? Truth(JsonElement item)
    {
        var one = value.Value(item);
        return one.ValueKind == JsonValueKind.Undefined ? null : list.Any(other => SqlValues.Same(one, other.Value(item)) == true);
    }

    public override IReadOnlyCollection<string>? Ids() => value is SqlPath { IsId: true } && list.All(other => other is SqlLiteral)
        ? list.SelectMany(other => ((SqlLiteral)other).AsIds()).ToHashSet(StringComparer.Ordinal)
        : null;
}

internal sealed class SqlCall(Func<IReadOnlyList<JsonElement>, bool?> function, IReadOnlyList<SqlNode> arguments) : SqlCondition
{
    public override bool? Truth(JsonElement item) => function([.. arguments.Select(argument => argument.Value(item))]);
}

/// <summary>A list or an object made in the query; what is undefined is left out.</summary>
/// <param name="names">Null for a list.</param>
internal sealed class SqlMade(IReadOnlyList<string>? names, IReadOnlyList<SqlNode> values) : SqlNode
{
    public override JsonElement Value(JsonElement item)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, item);
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }

    public void Write(Utf8JsonWriter writer, JsonElement item)
    {
        if (names is null)
        {
            writer.WriteStartArray();
        }
        else
        {
            writer.WriteStartObject();
        }

        for (var place = 0; place < values.Count; place++)
        {
            var value = values[place].Value(item);
            if (value.ValueKind != JsonValueKind.Undefined)
            {
                if (names is not null)
                {
                    writer.WritePropertyName(names[place]);
                }

                value.WriteTo(writer);
            }
        }

        if (names is null)
        {
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteEndObject();
        }
    }
}
