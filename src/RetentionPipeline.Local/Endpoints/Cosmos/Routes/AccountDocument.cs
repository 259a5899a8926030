using System.Text;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>What an account says of itself: one region, session consistency.</summary>
internal static class AccountDocument
{
    public static byte[] Of(string host)
    {
        var account = new JsonObject
        {
            ["_self"] = "",
            ["id"] = "local-gateway",
            ["_rid"] = "local-gateway",
            ["media"] = "//media/",
            ["addresses"] = "//addresses/",
            ["_dbs"] = "//dbs/",
            ["writableLocations"] = new JsonArray(Place(host)),
            ["readableLocations"] = new JsonArray(Place(host)),
            ["enableMultipleWriteLocations"] = false,
            ["userReplicationPolicy"] = Replicas(),
            ["systemReplicationPolicy"] = Replicas(),
            ["userConsistencyPolicy"] = new JsonObject { ["defaultConsistencyLevel"] = "Session" },
            ["readPolicy"] = new JsonObject { ["primaryReadCoefficient"] = 1, ["secondaryReadCoefficient"] = 1 },
            ["queryEngineConfiguration"] = """{"maxSqlQueryInputLength":262144,"maxJoinsPerSqlQuery":5,"maxLogicalAndPerSqlQuery":2000,"maxLogicalOrPerSqlQuery":2000,"maxUdfRefPerSqlQuery":10,"maxInExpressionItemsCount":16000,"queryMaxInMemorySortDocumentCount":500,"maxQueryRequestTimeoutFraction":0.9,"sqlAllowNonFiniteNumbers":false,"sqlAllowAggregateFunctions":true,"sqlAllowSubQuery":true,"sqlAllowScalarSubQuery":true,"allowNewKeywords":true,"sqlAllowLike":true,"sqlAllowGroupByClause":true,"maxSpatialQueryCells":12,"spatialMaxGeometryPointCount":256,"sqlAllowTop":true,"enableSpatialIndexing":true}""",
        };
        return Encoding.UTF8.GetBytes(account.ToJsonString());
    }

    private static JsonObject Place(string host) =>
        new() { ["name"] = "Local", ["databaseAccountEndpoint"] = "http:" + $"//{host}/" };

    private static JsonObject Replicas() =>
        new() { ["asyncReplication"] = false, ["minReplicaSetSize"] = 1, ["maxReplicasetSize"] = 4 };
}
