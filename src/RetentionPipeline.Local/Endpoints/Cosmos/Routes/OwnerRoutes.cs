using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;
using RetentionPipeline.Local.Endpoints.Cosmos.Serving;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>Databases, containers and their partitions.</summary>
internal sealed class OwnerRoutes(GatewayFile file, Catalog catalog, int partitions)
{
    private const int ThroughputOfPartition = 10_000;
    private const double Charge = 2;

    public GatewayReply Databases() => GatewayReply.Feed("", "Databases", [.. catalog.Databases.Select(Document)], Charge);

    public GatewayReply Database(string name) => new(200, Document(catalog.Database(name)), Charge);

    public async Task<GatewayReply> CreateDatabaseAsync(GatewayRequest request)
    {
        var sent = Parse(request.Body);
        var id = ContainerSettings.CheckId(sent.TryGetProperty("id", out var text) ? text.GetString() : null);
        return new(201, Document(await file.WriteAsync(statements => catalog.AddDatabase(statements, id))), Charge);
    }

    public async Task<GatewayReply> DeleteDatabaseAsync(string name)
    {
        await file.WriteAsync(statements => catalog.RemoveDatabase(statements, name));
        return new(204, null, Charge);
    }

    public GatewayReply Containers(string database)
    {
        var owner = catalog.Database(database);
        return GatewayReply.Feed(owner.Rid, "DocumentCollections", [.. catalog.ContainersOf(owner).Select(Document)], Charge);
    }

    public GatewayReply Container(string database, string name)
    {
        var container = catalog.Container(database, name);
        return new(200, Document(container), Charge) { Etag = container.Etag };
    }

    public async Task<GatewayReply> CreateContainerAsync(GatewayRequest request, string database)
    {
        var sent = Parse(request.Body);
        var settings = ContainerSettings.Parse(sent);
        var throughput = int.TryParse(request.Header("x-ms-offer-throughput"), NumberStyles.None, CultureInfo.InvariantCulture, out var units) ? units : 0;
        var parts = Math.Max(partitions, (throughput + ThroughputOfPartition - 1) / ThroughputOfPartition);
        var container = await file.WriteAsync(statements =>
            catalog.AddContainer(statements, database, sent.GetProperty("id").GetString()!, settings, parts));
        return new(201, Document(container), Charge) { Etag = container.Etag };
    }

    public async Task<GatewayReply> ReplaceContainerAsync(GatewayRequest request, string database, string name)
    {
        var settings = ContainerSettings.Parse(Parse(request.Body));
        var container = await file.WriteAsync(statements => catalog.ReplaceContainer(statements, database, name, settings));
        return new(200, Document(container), Charge) { Etag = container.Etag };
    }

    public async Task<GatewayReply> DeleteContainerAsync(string database, string name)
    {
        await file.WriteAsync(statements => catalog.RemoveContainer(statements, database, name));
        return new(204, null, Charge);
    }

    /// <summary>The partitions, or 304 for a client that knows them.</summary>
    public GatewayReply Ranges(GatewayRequest request, string database, string name)
    {
        var container = catalog.Owner(database, name);
        if (request.IfNoneMatch == container.RangesEtag)
        {
            return new(304, null, Charge) { Etag = container.RangesEtag, Count = 0 };
        }

        return GatewayReply.Feed(container.Rid, "PartitionKeyRanges", [.. container.Ranges.Select(range => Document(container, range))], Charge)
            with
        { Etag = container.RangesEtag };
    }

    public async Task<GatewayReply> SplitAsync(string database, string name, string range)
    {
        var container = await file.WriteAsync(statements => catalog.Split(statements, database, name, range));
        return GatewayReply.Feed(container.Rid, "PartitionKeyRanges", [.. container.Ranges.Select(one => Document(container, one))], 0);
    }

    private static JsonElement Parse(byte[] body)
    {
        try
        {
            var sent = JsonElement.Parse(body);
            return sent.ValueKind == JsonValueKind.Object ? sent : throw GatewayException.BadRequest("The body is no object.");
        }
        catch (JsonException)
        {
            throw GatewayException.BadRequest("The body is no JSON.");
        }
    }

    private static byte[] Document(DatabaseEntry database) => Write(new JsonObject
    {
        ["id"] = database.Id,
        ["_rid"] = database.Rid,
        ["_self"] = database.Self,
        ["_etag"] = $"\"{database.Seq}\"",
        ["_colls"] = "colls/",
        ["_users"] = "users/",
        ["_ts"] = database.Ts,
    });

    private static byte[] Document(ContainerEntry container)
    {
        var document = JsonNode.Parse(container.Settings.Json)!.AsObject();
        document["_rid"] = container.Rid;
        document["_ts"] = container.Ts;
        document["_self"] = container.Self;
        document["_etag"] = container.Etag;
        document["_docs"] = "docs/";
        document["_sprocs"] = "sprocs/";
        document["_triggers"] = "triggers/";
        document["_udfs"] = "udfs/";
        document["_conflicts"] = "conflicts/";
        return Write(document);
    }

    private static byte[] Document(ContainerEntry container, KeyRange range) => Write(new JsonObject
    {
        ["id"] = range.Id.ToString(CultureInfo.InvariantCulture),
        ["_rid"] = container.Rid,
        ["_self"] = $"{container.Self}pkranges/{range.Id}/",
        ["_etag"] = container.RangesEtag,
        ["minInclusive"] = range.Min,
        ["maxExclusive"] = range.Max,
        ["ridPrefix"] = range.Id,
        ["throughputFraction"] = 1.0 / container.Ranges.Count,
        ["status"] = "online",
        ["parents"] = new JsonArray([.. range.Parents.Select(parent => (JsonNode)parent.ToString(CultureInfo.InvariantCulture))]),
        ["ownedArchivalPKRangeIds"] = new JsonArray(),
        ["_ts"] = container.Ts,
    });

    private static byte[] Write(JsonObject document) => Encoding.UTF8.GetBytes(document.ToJsonString());
}
