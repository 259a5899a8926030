using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Serving;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>
/// One item at a time. What is checked and what is written is one job of the file: two writers never both pass a check
/// that only one may pass.
/// </summary>
internal sealed class ItemRoutes(GatewayFile file, Catalog catalog, VersionCounter versions)
{
    public async Task<GatewayReply> CreateAsync(GatewayRequest request, string database, string name)
    {
        var upsert = request.Flag("x-ms-documentdb-is-upsert");
        var sent = Parse(request, catalog.Owner(database, name));
        return await file.WriteAsync(statements =>
        {
            var container = Current(request, database, name, sent.Key);
            var before = ItemTable.Find(statements, container.Seq, sent.Key, catalog.Now);
            if (before is not null && !upsert)
            {
                throw GatewayException.Conflict("Entity with the specified id already exists in the system.");
            }

            CheckVersion(request, before, missing: GatewayException.Moved);
            var stored = Put(statements, container, sent, before);
            return Written(request, container, before is null ? 201 : 200, stored, before is null
                ? RequestCharges.Create(stored.Body.Length, container.Settings.IndexingOff)
                : RequestCharges.Replace(stored.Body.Length, container.Settings.IndexingOff));
        });
    }

    public async Task<GatewayReply> ReadAsync(GatewayRequest request, string database, string name)
    {
        var key = KeyOf(request, catalog.Owner(database, name));
        return await file.ReadAsync(statements =>
        {
            var container = Current(request, database, name, key);
            var item = ItemTable.Find(statements, container.Seq, key, catalog.Now) ?? throw GatewayException.NotFound();
            return request.IfNoneMatch == item.Etag
                ? new GatewayReply(304, null, RequestCharges.Refused) { Etag = item.Etag, SessionToken = Token(container, item) }
                : new GatewayReply(200, item.Document(container), RequestCharges.Read(item.Body.Length))
                {
                    Etag = item.Etag,
                    SessionToken = Token(container, item),
                };
        });
    }

    public async Task<GatewayReply> ReplaceAsync(GatewayRequest request, string database, string name)
    {
        var owner = catalog.Owner(database, name);
        var sent = Parse(request, owner);
        if (KeyOf(request, owner) != sent.Key)
        {
            throw GatewayException.BadRequest("A replacement keeps the id and the partition key of its item.");
        }

        return await file.WriteAsync(statements =>
        {
            var container = Current(request, database, name, sent.Key);
            var before = Existing(statements, request, container, sent.Key);
            var stored = Put(statements, container, sent, before);
            return Written(request, container, 200, stored, RequestCharges.Replace(stored.Body.Length, container.Settings.IndexingOff));
        });
    }

    public async Task<GatewayReply> PatchAsync(GatewayRequest request, string database, string name)
    {
        var owner = catalog.Owner(database, name);
        var patch = ItemPatch.Parse(request.Body, owner.Settings);
        var key = KeyOf(request, owner);
        return await file.WriteAsync(statements =>
        {
            var container = Current(request, database, name, key);
            var before = Existing(statements, request, container, key);
            var sent = SentItem.Parse(patch.Apply(before.Document(container)), container.Settings);
            var stored = Put(statements, container, sent, before);
            return Written(request, container, 200, stored, RequestCharges.Replace(stored.Body.Length, container.Settings.IndexingOff));
        });
    }

    public async Task<GatewayReply> DeleteAsync(GatewayRequest request, string database, string name)
    {
        var key = KeyOf(request, catalog.Owner(database, name));
        return await file.WriteAsync(statements =>
        {
            var container = Current(request, database, name, key);
            var before = Existing(statements, request, container, key);
            ItemTable.Delete(statements, before.Seq);
            versions.Next(statements);
            return new GatewayReply(204, null, RequestCharges.Delete(before.Body.Length, container.Settings.IndexingOff))
            {
                SessionToken = Token(container, before),
            };
        });
    }

    private static SentItem Parse(GatewayRequest request, ContainerEntry container)
    {
        var sent = SentItem.Parse(request.Body, container.Settings);
        return RequestScopes.KeyOf(request, container).Canonical() == sent.Key.Pk
            ? sent
            : throw new GatewayException(400, 1001, "The partition key of the item is not that of the header.");
    }

    private static ItemKey KeyOf(GatewayRequest request, ContainerEntry container)
    {
        var key = RequestScopes.KeyOf(request, container);
        return new ItemKey(key.Effective(), key.Canonical(), request.Path[5]);
    }

    /// <summary>The container as it is now, within the job: it may have been split since the request came.</summary>
    private ContainerEntry Current(GatewayRequest request, string database, string name, ItemKey key)
    {
        var container = catalog.Owner(database, name);
        RequestScopes.CheckRange(request, container, key.Epk);
        return container;
    }

    private StoredItem Existing(Statements statements, GatewayRequest request, ContainerEntry container, ItemKey key)
    {
        var before = ItemTable.Find(statements, container.Seq, key, catalog.Now);
        CheckVersion(request, before, missing: GatewayException.NotFound);
        return before ?? throw GatewayException.NotFound();
    }

    private static void CheckVersion(GatewayRequest request, StoredItem? before, Func<GatewayException> missing)
    {
        if (request.IfNoneMatch is not null)
        {
            throw GatewayException.NotHere("If-None-Match on a write");
        }

        if (request.IfMatch is { } wanted && (before is null || (wanted != "*" && wanted != before.Etag)))
        {
            throw before is null ? missing() : GatewayException.Moved();
        }
    }

    private StoredItem Put(Statements statements, ContainerEntry container, SentItem sent, StoredItem? before)
    {
        var (now, lsn) = (catalog.Now, versions.Next(statements));
        var lives = container.Settings.DefaultTtl is { } usual ? sent.Ttl ?? usual : -1;
        var stored = new StoredItem(
            before?.Seq ?? 0, sent.Key.Epk, sent.Key.Pk, sent.Key.Id, sent.Body, versions.EtagOf(lsn), now, lsn, sent.Ttl,
            lives < 0 ? null : now + lives);
        if (before is null)
        {
            stored = stored with { Seq = ItemTable.Insert(statements, container.Seq, stored) };
        }
        else
        {
            ItemTable.Update(statements, stored);
        }

        if (sent.Unique.Count > 0)
        {
            ItemTable.TakeUnique(statements, container.Seq, stored.Pk, stored.Seq, sent.Unique);
        }

        return stored;
    }

    private GatewayReply Written(GatewayRequest request, ContainerEntry container, int status, StoredItem stored, double charge) =>
        new(status, request.Minimal ? null : stored.Document(container), charge)
        {
            Etag = stored.Etag,
            SessionToken = Token(container, stored),
        };

    private string Token(ContainerEntry container, StoredItem item) => GatewayReply.Token(container.RangeOf(item.Epk).Id, versions);
}
