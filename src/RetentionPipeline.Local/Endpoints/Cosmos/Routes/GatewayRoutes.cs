using System.Text.Json;
using RetentionPipeline.Local.Endpoints.Cosmos.Serving;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>Says what is asked for by method and path. What has no line here is refused.</summary>
internal sealed class GatewayRoutes(OwnerRoutes owners, ItemRoutes items, FeedRoutes feeds, FaultSwitch faults)
{
    /// <summary>Requests for items are the ones that faults are for.</summary>
    public static bool IsOfItems(GatewayRequest request) => request.Path is ["dbs", _, "colls", _, "docs", ..];

    /// <param name="host">Host and port as the client named them: the account points there.</param>
    public Task<GatewayReply> CarryOutAsync(GatewayRequest request, string host, CancellationToken cancel) =>
        (request.Method, request.Path) switch
        {
            ("GET", []) => Task.FromResult(new GatewayReply(200, AccountDocument.Of(host), 0)),
            ("GET", ["dbs"]) => Task.FromResult(owners.Databases()),
            ("POST", ["dbs"]) when !IsQuery(request) => owners.CreateDatabaseAsync(request),
            ("GET", ["dbs", var database]) => Task.FromResult(owners.Database(database)),
            ("DELETE", ["dbs", var database]) => owners.DeleteDatabaseAsync(database),
            ("GET", ["dbs", var database, "colls"]) => Task.FromResult(owners.Containers(database)),
            ("POST", ["dbs", var database, "colls"]) when !IsQuery(request) => owners.CreateContainerAsync(request, database),
            ("GET", ["dbs", var database, "colls", var container]) => Task.FromResult(owners.Container(database, container)),
            ("PUT", ["dbs", var database, "colls", var container]) => owners.ReplaceContainerAsync(request, database, container),
            ("DELETE", ["dbs", var database, "colls", var container]) => owners.DeleteContainerAsync(database, container),
            ("GET", ["dbs", var database, "colls", var container, "pkranges"]) =>
                Task.FromResult(owners.Ranges(request, database, container)),
            (_, ["dbs", var database, "colls", var container, "docs", ..]) => ItemsAsync(request, database, container),
            ("POST", ["_gateway", "faults"]) => Task.FromResult(Inject(request)),
            ("DELETE", ["_gateway", "faults"]) => Task.FromResult(EndFaults()),
            ("POST", ["_gateway", "split"]) => SplitAsync(request),
            _ => throw GatewayException.NotHere($"{request.Method} of {string.Join('/', request.Path.Where((_, place) => place % 2 == 0))}"),
        };

    private Task<GatewayReply> ItemsAsync(GatewayRequest request, string database, string container)
    {
        foreach (var refused in new[] { "x-ms-cosmos-is-batch-request", "x-ms-cosmos-batch-atomic" })
        {
            if (request.Header(refused) is not null)
            {
                throw GatewayException.NotHere("batches and no bulk mode");
            }
        }

        foreach (var trigger in new[] { "x-ms-documentdb-pre-trigger-include", "x-ms-documentdb-post-trigger-include" })
        {
            if (request.Header(trigger) is not null)
            {
                throw GatewayException.NotHere("triggers");
            }
        }

        return (request.Method, request.Path.Count) switch
        {
            ("POST", 5) when request.Flag("x-ms-cosmos-is-query-plan-request") => Task.FromResult(feeds.Plan(request, database, container)),
            ("POST", 5) when IsQuery(request) => feeds.QueryAsync(request, database, container),
            ("POST", 5) => items.CreateAsync(request, database, container),
            ("GET", 5) when request.Header("A-IM") is { } mode => feeds.ChangesAsync(request, database, container, mode),
            ("GET", 5) => feeds.ReadAsync(request, database, container),
            ("GET", 6) => items.ReadAsync(request, database, container),
            ("PUT", 6) => items.ReplaceAsync(request, database, container),
            ("PATCH", 6) => items.PatchAsync(request, database, container),
            ("DELETE", 6) => items.DeleteAsync(request, database, container),
            _ => throw GatewayException.NotHere($"{request.Method} there"),
        };
    }

    private GatewayReply Inject(GatewayRequest request)
    {
        faults.Add(FaultSwitch.Parse(request.Body));
        return new GatewayReply(204, null, 0);
    }

    private GatewayReply EndFaults()
    {
        faults.Clear();
        return new GatewayReply(204, null, 0);
    }

    private Task<GatewayReply> SplitAsync(GatewayRequest request)
    {
        try
        {
            var sent = JsonElement.Parse(request.Body);
            return owners.SplitAsync(
                sent.GetProperty("database").GetString()!, sent.GetProperty("container").GetString()!, sent.GetProperty("range").GetString()!);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw GatewayException.BadRequest("A split names a database, a container and a range.");
        }
    }

    private static bool IsQuery(GatewayRequest request) =>
        request.Flag("x-ms-documentdb-isquery") || request.Header("Content-Type")?.StartsWith("application/query+json", StringComparison.OrdinalIgnoreCase) == true;
}
