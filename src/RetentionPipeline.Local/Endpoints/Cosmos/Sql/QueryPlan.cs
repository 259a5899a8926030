using System.Text;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>What the SDK must know to run a query over several partitions and to put the parts together.</summary>
internal static class QueryPlan
{
    /// <summary>The SDK puts its own filter here when it goes on.</summary>
    private const string Filter = "{documentdb-formattableorderbyquery-filter}";

    public static byte[] Of(SqlQuery query)
    {
        var ordered = query.OrderBy.Count > 0;
        return Encoding.UTF8.GetBytes(new JsonObject
        {
            ["partitionedQueryExecutionInfoVersion"] = 2,
            ["queryInfo"] = new JsonObject
            {
                ["distinctType"] = "None",
                ["top"] = query.Top,
                ["offset"] = null,
                ["limit"] = null,
                ["orderBy"] = new JsonArray([.. query.OrderBy.Select(order => (JsonNode)(order.Descending ? "Descending" : "Ascending"))]),
                ["orderByExpressions"] = new JsonArray([.. query.OrderBy.Select(order => (JsonNode)order.Text)]),
                ["groupByExpressions"] = new JsonArray(),
                ["groupByAliases"] = new JsonArray(),
                ["aggregates"] = new JsonArray(),
                ["groupByAliasToAggregateType"] = new JsonObject(),
                ["rewrittenQuery"] = ordered ? Rewritten(query) : "",
                ["hasSelectValue"] = query.Select.IsValue,
                ["dCountInfo"] = null,
                ["hasNonStreamingOrderBy"] = false,
            },
            ["queryRanges"] = new JsonArray(new JsonObject
            {
                ["min"] = Keys.KeyRange.Lowest,
                ["max"] = Keys.KeyRange.Highest,
                ["isMinInclusive"] = true,
                ["isMaxInclusive"] = false,
            }),
        }.ToJsonString());
    }

    private static string Rewritten(SqlQuery query)
    {
        var top = query.Top is { } most ? FormattableString.Invariant($"TOP {most} ") : "";
        var keys = string.Join(", ", query.OrderBy.Select(order => $"{{\"item\": {order.Text}}}"));
        var where = query.WhereText is { } text ? $"({text}) AND ({Filter})" : $"({Filter})";
        var order = string.Join(", ", query.OrderBy.Select(order => order.Text + (order.Descending ? " DESC" : " ASC")));
        return $"SELECT {top}{query.Alias}._rid, [{keys}] AS orderByItems, {query.Select.Text} AS payload FROM {query.Alias} WHERE {where} ORDER BY {order}";
    }
}
