namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>A place in a list of tokens.</summary>
internal sealed class SqlCursor(IReadOnlyList<SqlToken> tokens)
{
    private static readonly IReadOnlyList<string> Clauses =
        ["FROM", "WHERE", "ORDER", "GROUP", "JOIN", "IN", "OFFSET", "LIMIT", "AND", "OR", "NOT", "BETWEEN", "LIKE", "ASC", "DESC"];

    public int Place { get; set; }

    public SqlToken Current => tokens[Place];

    public SqlToken Following => tokens[Math.Min(Place + 1, tokens.Count - 1)];

    /// <summary>Where the token before this place ended.</summary>
    public int LastEnd => Place == 0 ? 0 : tokens[Place - 1].To;

    /// <summary>Does it begin a part of a query, so that it is no alias?</summary>
    public static bool IsClause(SqlToken token) =>
        Clauses.Any(token.Is);

    public SqlToken Take() => tokens[Place++];

    public bool Accept(string text)
    {
        if (!Current.Is(text))
        {
            return false;
        }

        Place++;
        return true;
    }

    public void Expect(string text)
    {
        if (!Accept(text))
        {
            throw Unexpected();
        }
    }

    public void ExpectAt(string text)
    {
        if (!Current.Is(text))
        {
            throw Unexpected();
        }
    }

    public string ExpectName() => Current.Kind == SqlTokenKind.Name && !IsClause(Current) ? Take().Text : throw Unexpected();

    public void ExpectEnd()
    {
        if (Current.Kind != SqlTokenKind.End)
        {
            throw Unexpected();
        }
    }

    public void Refuse(string word)
    {
        if (Current.Is(word))
        {
            throw SqlTokens.Unsupported(word);
        }
    }

    /// <summary>To the next such keyword that stands in no brackets.</summary>
    public void SkipTo(string word)
    {
        for (var depth = 0; depth > 0 || !Current.Is(word); Place++)
        {
            depth += Current.Kind != SqlTokenKind.Symbol ? 0 : Current.Text switch
            {
                "(" or "[" or "{" => 1,
                ")" or "]" or "}" => -1,
                _ => 0,
            };
            if (Current.Kind == SqlTokenKind.End)
            {
                throw GatewayException.BadRequest($"Syntax error: the query has no {word}.");
            }
        }
    }

    public GatewayException Unexpected() =>
        SqlTokens.Unsupported(Current.Kind == SqlTokenKind.End ? "the end of the query" : Current.Kind == SqlTokenKind.Text ? "a text" : Current.Text);
}
