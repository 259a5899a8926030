using System.Globalization;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;
using RetentionPipeline.Local.Endpoints.Cosmos.Serving;
using RetentionPipeline.Local.Endpoints.Cosmos.Sql;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>Many items at a time: queries and their plans, the feed of all items, the feed of changes.</summary>
internal sealed class FeedRoutes(GatewayFile file, Catalog catalog, VersionCounter versions)
{
    private readonly QueryRunner runner = new(file, catalog);

    public GatewayReply Plan(GatewayRequest request, string database, string name)
    {
        catalog.Owner(database, name);
        return new(200, QueryPlan.Of(SqlParser.Parse(SqlRequest.Parse(request.Body))), 0);
    }

    public async Task<GatewayReply> QueryAsync(GatewayRequest request, string database, string name)
    {
        var container = catalog.Owner(database, name);
        var sent = SqlRequest.Parse(request.Body);
        var query = SqlParser.Parse(sent);
        CheckIndex(container, query, request.Flag("x-ms-documentdb-query-enable-scan"));
        var scope = RequestScopes.Of(request, container);
        var page = await runner.RunAsync(
            container, scope, query, QueryPosition.Decode(request.Continuation), sent.Resume, request.PageSize);
        return Feed(container, scope, page);
    }

    public async Task<GatewayReply> ReadAsync(GatewayRequest request, string database, string name)
    {
        var container = catalog.Owner(database, name);
        var scope = RequestScopes.Of(request, container);
        var all = new SqlQuery(new SqlSelect(null, false, "c"), "c", null, null, [], null);
        return Feed(container, scope, await runner.RunAsync(
            container, scope, all, QueryPosition.Decode(request.Continuation), null, request.PageSize));
    }

    /// <summary>Items as they are now, by the order of their last writes; each page says where the next begins.</summary>
    public async Task<GatewayReply> ChangesAsync(GatewayRequest request, string database, string name, string mode)
    {
        if (!mode.StartsWith("Incremental feed", StringComparison.OrdinalIgnoreCase))
        {
            throw GatewayException.NotHere($"change feed mode '{mode}'");
        }

        var container = catalog.Owner(database, name);
        var scope = RequestScopes.Of(request, container);
        if (request.IfNoneMatch == "*")
        {
            return Unchanged(scope, versions.Latest);
        }

        var since = request.Header("If-Modified-Since") is { } text
            ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeSeconds()
            : 0;
        var after = request.IfNoneMatch is { } token
            ? long.TryParse(token.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw GatewayException.BadRequest("The change feed's continuation is none of this gateway.")
            : 0;
        var page = new PageBuilder(request.PageSize, null);
        var kilobytes = 0L;
        while (!page.Full)
        {
            var chunk = await file.ReadAsync(statements => ItemTable.Changed(statements, container.Seq, scope, after, catalog.Now));
            foreach (var item in chunk)
            {
                if (page.Full || (item.Ts >= since && !page.TryAdd(item.Document(container))))
                {
                    return Changed(container, scope, page, after, kilobytes);
                }

                (after, kilobytes) = (item.Lsn, kilobytes + RequestCharges.Kilobytes(item.Body.Length));
            }

            if (chunk.Count == 0)
            {
                break;
            }
        }

        return page.Results.Count == 0 ? Unchanged(scope, after) : Changed(container, scope, page, after, kilobytes);
    }

    private GatewayReply Unchanged(KeyScope scope, long at) => new(304, null, RequestCharges.Refused)
    {
        Etag = Quoted(at),
        Count = 0,
        SessionToken = GatewayReply.Token(scope.RangeId, versions),
    };

    private GatewayReply Changed(ContainerEntry container, KeyScope scope, PageBuilder page, long at, long kilobytes) =>
        GatewayReply.Feed(container.Rid, "Documents", page.Results, RequestCharges.PageOf(kilobytes)) with
        {
            Etag = Quoted(at),
            SessionToken = GatewayReply.Token(scope.RangeId, versions),
        };

    private GatewayReply Feed(ContainerEntry container, KeyScope scope, QueryPage page) =>
        GatewayReply.Feed(container.Rid, "Documents", page.Results, RequestCharges.PageOf(page.Kilobytes)) with
        {
            Continuation = page.Next?.Encode(),
            SessionToken = GatewayReply.Token(scope.RangeId, versions),
        };

    private static string Quoted(long at) => string.Create(CultureInfo.InvariantCulture, $"\"{at}\"");

    /// <summary>The service needs an index for these; a gateway that did not would let through what fails there.</summary>
    private static void CheckIndex(ContainerEntry container, SqlQuery query, bool scan)
    {
        if (container.Settings.IndexingOff && query.OrderBy.Count > 0)
        {
            throw GatewayException.BadRequest("The container has no index to order by.");
        }

        if (container.Settings.IndexingOff && query.Where is not null && !scan)
        {
            throw GatewayException.BadRequest(
                "An invalid query has been specified with filters against path(s) excluded from indexing. Consider adding allow scan header in the request.");
        }

        if (query.OrderBy.Count > 1 && !container.Settings.HasComposite(query.OrderBy))
        {
            throw GatewayException.BadRequest("The order by query does not have a corresponding composite index that it can be served from.");
        }
    }
}
