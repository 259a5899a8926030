using System.Globalization;
using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>Reads a query. What it does not know it refuses: never is a part of a query passed over.</summary>
internal sealed class SqlParser
{
    private readonly string query;
    private readonly SqlCursor cursor;
    private readonly SqlExpressions expressions;

    private SqlParser(SqlRequest request)
    {
        query = request.Text;
        cursor = new SqlCursor(SqlTokens.Of(query));
        expressions = new SqlExpressions(cursor, request.Parameters);
    }

    public static SqlQuery Parse(SqlRequest request) => new SqlParser(request).Query();

    /// <summary>A patch's condition: <c>FROM c WHERE …</c>.</summary>
    public static SqlNode ParseCondition(string text)
    {
        var parser = new SqlParser(new SqlRequest(text, new Dictionary<string, JsonElement>(), null));
        parser.From();
        parser.cursor.Expect("WHERE");
        var condition = parser.expressions.Read();
        parser.cursor.ExpectEnd();
        return condition;
    }

    private SqlQuery Query()
    {
        cursor.Expect("SELECT");
        cursor.Refuse("DISTINCT");
        long? top = cursor.Accept("TOP") ? Top() : null;

        // The item's name stands behind FROM, which expressions before it need: read it first, then come back.
        var selectAt = cursor.Place;
        cursor.SkipTo("FROM");
        var alias = From();
        var afterFrom = cursor.Place;
        cursor.Place = selectAt;
        var select = Select(alias);
        cursor.ExpectAt("FROM");
        cursor.Place = afterFrom;

        SqlNode? where = null;
        string? whereText = null;
        if (cursor.Accept("WHERE"))
        {
            var from = cursor.Current.At;
            where = expressions.Read();
            whereText = query[from..cursor.LastEnd];
        }

        var orders = new List<SqlOrder>();
        if (cursor.Accept("ORDER"))
        {
            cursor.Expect("BY");
            do
            {
                orders.Add(Order());
            }
            while (cursor.Accept(","));
        }

        cursor.ExpectEnd();
        return new SqlQuery(select, alias, where, whereText, orders, top);
    }

    private long Top()
    {
        var value = expressions.Primary().Value(default);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var top) && top >= 0
            ? top
            : throw GatewayException.BadRequest("TOP takes a whole number.");
    }

    /// <summary>FROM c, FROM root c, FROM c AS item.</summary>
    private string From()
    {
        cursor.Expect("FROM");
        var alias = cursor.ExpectName();
        if (cursor.Accept("AS"))
        {
            alias = cursor.ExpectName();
        }
        else if (cursor.Current.Kind == SqlTokenKind.Name && !SqlCursor.IsClause(cursor.Current))
        {
            alias = cursor.ExpectName();
        }

        expressions.Alias = alias;
        return alias;
    }

    private SqlSelect Select(string alias)
    {
        if (cursor.Accept("*"))
        {
            return new SqlSelect(null, false, alias);
        }

        var from = cursor.Current.At;
        if (cursor.Accept("VALUE"))
        {
            from = cursor.Current.At;
            var value = expressions.Read();
            return new SqlSelect(value, true, query[from..cursor.LastEnd]);
        }

        var (names, values, texts) = (new List<string>(), new List<SqlNode>(), new List<string>());
        do
        {
            from = cursor.Current.At;
            var value = expressions.Read();
            var text = query[from..cursor.LastEnd];
            var name = Name(value, names.Count);
            if (names.Contains(name))
            {
                throw GatewayException.BadRequest("Two columns of the query have the same name.");
            }

            names.Add(name);
            values.Add(value);
            texts.Add($"{JsonSerializer.Serialize(name)}: {text}");
        }
        while (cursor.Accept(","));

        return new SqlSelect(new SqlMade(names, values), false, "{" + string.Join(", ", texts) + "}");
    }

    /// <summary>An alias, else the last name of the path; a path without one, and whatever else, is numbered.</summary>
    private string Name(SqlNode value, int place)
    {
        if (cursor.Accept("AS") || (cursor.Current.Kind == SqlTokenKind.Name && !SqlCursor.IsClause(cursor.Current)))
        {
            return cursor.ExpectName();
        }

        return value is SqlPath { Steps: [.., string last] }
            ? last
            : value is SqlPath { Steps: [] } ? expressions.Alias : "$" + (place + 1).ToString(CultureInfo.InvariantCulture);
    }

    private SqlOrder Order()
    {
        var from = cursor.Current.At;
        var value = expressions.Primary();
        if (value is not SqlPath { Steps.Count: > 0 })
        {
            throw SqlTokens.Unsupported("ORDER BY of anything but a path");
        }

        var text = query[from..cursor.LastEnd];
        var descending = cursor.Accept("DESC");
        if (!descending)
        {
            cursor.Accept("ASC");
        }

        return new SqlOrder(value, descending, text);
    }
}
