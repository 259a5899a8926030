using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

internal enum SqlTokenKind
{
    Name,
    Parameter,
    Text,
    Number,
    Symbol,
    End,
}

/// <summary>A token of a query.</summary>
/// <param name="Text">A name, a symbol, the content of a text, the digits of a number.</param>
/// <param name="At">Where it begins in the query.</param>
/// <param name="To">Where the first character behind it stands.</param>
internal sealed record SqlToken(SqlTokenKind Kind, string Text, int At, int To)
{
    /// <summary>Is it this keyword (in any case) or this symbol?</summary>
    public bool Is(string text) => Kind switch
    {
        SqlTokenKind.Name => string.Equals(Text, text, StringComparison.OrdinalIgnoreCase),
        SqlTokenKind.Symbol => Text == text,
        _ => false,
    };
}

/// <summary>Cuts a query into tokens.</summary>
internal static class SqlTokens
{
    private static readonly IReadOnlyList<string> Symbols =
        ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", ":", "*", "-"];

    public static IReadOnlyList<SqlToken> Of(string query)
    {
        var tokens = new List<SqlToken>();
        var at = 0;
        while (true)
        {
            while (at < query.Length && char.IsWhiteSpace(query[at]))
            {
                at++;
            }

            if (at == query.Length)
            {
                tokens.Add(new SqlToken(SqlTokenKind.End, "", at, at));
                return tokens;
            }

            var token = Next(query, at);
            tokens.Add(token);
            at = token.To;
        }
    }

    private static SqlToken Next(string query, int at)
    {
        var first = query[at];
        if (char.IsLetter(first) || first is '_' or '@')
        {
            var to = End(query, at + 1, letter => char.IsLetterOrDigit(letter) || letter is '_' or '$');
            return new(first == '@' ? SqlTokenKind.Parameter : SqlTokenKind.Name, query[at..to], at, to);
        }

        if (char.IsAsciiDigit(first))
        {
            var to = End(query, at, letter => char.IsAsciiLetterOrDigit(letter) || letter == '.');
            if (query[to - 1] is 'e' or 'E' && to < query.Length && query[to] is '+' or '-')
            {
                to = End(query, to + 1, char.IsAsciiDigit);
            }

            return new(SqlTokenKind.Number, query[at..to], at, to);
        }

        if (first is '\'' or '"')
        {
            return TextAt(query, at);
        }

        var symbol = Symbols.FirstOrDefault(symbol => string.CompareOrdinal(query, at, symbol, 0, symbol.Length) == 0)
            ?? throw Unsupported(query[at].ToString());
        return new(SqlTokenKind.Symbol, symbol, at, at + symbol.Length);
    }

    /// <summary>A query that is in order for the service may be one that this gateway does not understand: it says so.</summary>
    public static GatewayException Unsupported(string what) => GatewayException.BadRequest(
        $"Unsupported query: this local gateway does not understand '{what}' there. It knows projections, comparisons, AND, OR, NOT, IN, BETWEEN, ORDER BY, TOP, parameters, IS_ functions, ARRAY_CONTAINS and STARTSWITH.");

    private static SqlToken TextAt(string query, int at)
    {
        var to = at + 1;
        while (to < query.Length && query[to] != query[at])
        {
            to += query[to] == '\\' ? 2 : 1;
        }

        if (to >= query.Length)
        {
            throw GatewayException.BadRequest("Syntax error: a text in the query has no end.");
        }

        // Escapes are those of JSON, besides that of the apostrophe.
        var inside = query[(at + 1)..to].Replace("\\'", "'", StringComparison.Ordinal);
        var quoted = query[at] == '"' ? inside : inside.Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        try
        {
            return new(SqlTokenKind.Text, JsonSerializer.Deserialize<string>($"\"{quoted}\"")!, at, to + 1);
        }
        catch (JsonException)
        {
            throw GatewayException.BadRequest("Syntax error: a text in the query has an escape that is none.");
        }
    }

    private static int End(string query, int at, Func<char, bool> belongs)
    {
        while (at < query.Length && belongs(query[at]))
        {
            at++;
        }

        return at;
    }
}
