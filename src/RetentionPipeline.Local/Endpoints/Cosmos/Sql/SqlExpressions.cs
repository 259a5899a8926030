using System.Globalization;
using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>Reads expressions: OR, AND, NOT, comparisons, then values. A parameter is replaced by its value.</summary>
internal sealed class SqlExpressions(SqlCursor cursor, IReadOnlyDictionary<string, JsonElement> parameters)
{
    private const int MostNested = 100;
    private int nested;

    /// <summary>What the query calls the item.</summary>
    public string Alias { get; set; } = "c";

    public SqlNode Read()
    {
        if (++nested > MostNested)
        {
            throw GatewayException.BadRequest("The query is nested too deeply.");
        }

        var parts = new List<SqlNode> { All() };
        while (cursor.Accept("OR"))
        {
            parts.Add(All());
        }

        nested--;
        return parts.Count == 1 ? parts[0] : new SqlAny(parts);
    }

    public SqlNode Primary()
    {
        var token = cursor.Take();
        switch (token.Kind)
        {
            case SqlTokenKind.Text:
                return new SqlLiteral(JsonSerializer.SerializeToElement(token.Text));
            case SqlTokenKind.Number:
                return Number(token.Text);
            case SqlTokenKind.Parameter:
                return parameters.TryGetValue(token.Text, out var value)
                    ? new SqlLiteral(value)
                    : throw GatewayException.BadRequest($"The query has no value for {token.Text}.");
            case SqlTokenKind.Name:
                return Named(token);
        }

        switch (token.Text)
        {
            case "(" when token.Kind == SqlTokenKind.Symbol:
                var inside = Read();
                cursor.Expect(")");
                return inside;
            case "[" when token.Kind == SqlTokenKind.Symbol:
                return new SqlMade(null, Listed("]"));
            case "{" when token.Kind == SqlTokenKind.Symbol:
                return Object();
            case "-" when token.Kind == SqlTokenKind.Symbol && cursor.Current.Kind == SqlTokenKind.Number:
                return Number("-" + cursor.Take().Text);
        }

        cursor.Place--;
        throw cursor.Unexpected();
    }

    private SqlNode All()
    {
        var parts = new List<SqlNode> { Denied() };
        while (cursor.Accept("AND"))
        {
            parts.Add(Denied());
        }

        return parts.Count == 1 ? parts[0] : new SqlAll(parts);
    }

    private SqlNode Denied()
    {
        var times = 0;
        while (cursor.Accept("NOT"))
        {
            times++;
        }

        var part = Compared();
        for (; times > 0; times--)
        {
            part = new SqlNot(part);
        }

        return part;
    }

    private SqlNode Compared()
    {
        var left = Primary();
        var sign = cursor.Current;
        if (sign.Kind == SqlTokenKind.Symbol && sign.Text is "=" or "!=" or "<>" or "<" or "<=" or ">" or ">=")
        {
            cursor.Take();
            return new SqlComparison(sign.Text, left, Primary());
        }

        var denied = sign.Is("NOT");
        if (denied)
        {
            cursor.Take();
        }

        SqlNode? found = null;
        if (cursor.Accept("IN"))
        {
            cursor.Expect("(");
            found = new SqlIn(left, Listed(")"));
        }
        else if (cursor.Accept("BETWEEN"))
        {
            var low = Primary();
            cursor.Expect("AND");
            found = new SqlAll([new SqlComparison(">=", left, low), new SqlComparison("<=", left, Primary())]);
        }

        return found is null ? denied ? throw cursor.Unexpected() : left : denied ? new SqlNot(found) : found;
    }

    private SqlNode Named(SqlToken name)
    {
        if (cursor.Current.Is("("))
        {
            cursor.Take();
            return SqlFunctions.Call(name.Text, Listed(")"));
        }

        switch (name.Text.ToUpperInvariant())
        {
            case "TRUE": return new SqlLiteral(JsonSerializer.SerializeToElement(true));
            case "FALSE": return new SqlLiteral(JsonSerializer.SerializeToElement(false));
            case "NULL": return new SqlLiteral(JsonElement.Parse("null"));
            case "UNDEFINED": return new SqlLiteral(default);
        }

        if (name.Text != Alias)
        {
            throw GatewayException.BadRequest($"Identifier '{name.Text}' could not be resolved.");
        }

        var steps = new List<object>();
        while (true)
        {
            if (cursor.Accept("."))
            {
                steps.Add(cursor.Current.Kind == SqlTokenKind.Name ? cursor.Take().Text : throw cursor.Unexpected());
            }
            else if (cursor.Accept("["))
            {
                steps.Add(Step());
                cursor.Expect("]");
            }
            else
            {
                return new SqlPath(steps);
            }
        }
    }

    private object Step()
    {
        var token = cursor.Current;
        if (token.Kind == SqlTokenKind.Text)
        {
            return cursor.Take().Text;
        }

        return token.Kind == SqlTokenKind.Number && int.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
            ? (cursor.Take(), place).place
            : throw cursor.Unexpected();
    }

    private List<SqlNode> Listed(string end)
    {
        var list = new List<SqlNode>();
        if (cursor.Accept(end))
        {
            return list;
        }

        do
        {
            list.Add(Read());
        }
        while (cursor.Accept(","));

        cursor.Expect(end);
        return list;
    }

    private SqlMade Object()
    {
        var (names, values) = (new List<string>(), new List<SqlNode>());
        if (!cursor.Accept("}"))
        {
            do
            {
                names.Add(cursor.Current.Kind is SqlTokenKind.Text or SqlTokenKind.Name ? cursor.Take().Text : throw cursor.Unexpected());
                cursor.Expect(":");
                values.Add(Read());
            }
            while (cursor.Accept(","));

            cursor.Expect("}");
        }

        return new SqlMade(names, values);
    }

    private static SqlLiteral Number(string digits)
    {
        try
        {
            return new SqlLiteral(JsonElement.Parse(digits));
        }
        catch (JsonException)
        {
            throw GatewayException.BadRequest("Syntax error: a number of the query is none.");
        }
    }
}
