using System.Text.Json;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>Runs a query over a scope of a container, page by page.</summary>
internal sealed class QueryRunner(GatewayFile file, Catalog catalog)
{
    public const int MostBytes = 4 * 1024 * 1024;

    /// <summary>A page looks at so many items at most; it may then be empty and still not the last, as the service's.</summary>
    private const int MostExamined = 10_000;

    public Task<QueryPage> RunAsync(ContainerEntry container, KeyScope scope, SqlQuery query, QueryPosition? from, SqlResume? resume, int most) =>
        query.OrderBy.Count == 0
            ? InKeyOrderAsync(container, scope, query, from, most)
            : InOrderAsync(container, scope, query, from, resume, most);

    /// <summary>The next items of a scope, a chunk at a time; the end is an empty chunk.</summary>
    public Task<List<StoredItem>> NextAsync(ContainerEntry container, KeyScope scope, ItemKey? after) =>
        file.ReadAsync(statements => ItemTable.Next(statements, container.Seq, scope, after, catalog.Now));

    private async Task<QueryPage> InKeyOrderAsync(ContainerEntry container, KeyScope scope, SqlQuery query, QueryPosition? from, int most)
    {
        var page = new PageBuilder(most, from is null ? query.Top : from.TopLeft);
        var (after, examined, kilobytes) = (from?.After, 0, 0L);
        var ids = container.Settings.IndexingOff ? null : query.Where?.Ids();
        Task<List<StoredItem>> MoreAsync() => ids is null
            ? NextAsync(container, scope, after)
            : file.ReadAsync(statements => ItemTable.OfIds(statements, container.Seq, scope, ids, after, catalog.Now));
        while (!page.Full && examined < MostExamined)
        {
            var chunk = await MoreAsync();
            if (chunk.Count == 0)
            {
                return new(page.Results, null, kilobytes);
            }

            foreach (var item in chunk)
            {
                var bytes = item.Document(container);
                using var document = JsonDocument.Parse(bytes, DocumentOptions);
                var result = Matches(query, document.RootElement) ? Result(query, document.RootElement, bytes) : null;
                if (result is not null && !page.TryAdd(result))
                {
                    break;
                }

                examined++;
                kilobytes += result is not null || container.Settings.IndexingOff ? RequestCharges.Kilobytes(item.Body.Length) : 0;
                after = new ItemKey(item.Epk, item.Pk, item.Id);
                if (page.Full || examined >= MostExamined)
                {
                    break;
                }
            }
        }

        var more = page.TopLeft != 0 && (await MoreAsync()).Count > 0;
        return new(page.Results, more ? new QueryPosition(after, null, 0, page.TopLeft) : null, kilobytes);
    }

    /// <summary>
    /// Looks at the whole scope for each page and keeps the first ones behind the last page: no index to lean on, but
    /// memory for one page alone, and right whatever was written in between.
    /// </summary>
    private async Task<QueryPage> InOrderAsync(
        ContainerEntry container, KeyScope scope, SqlQuery query, QueryPosition? from, SqlResume? resume, int most)
    {
        var comparer = new RowOrder(query.OrderBy);
        var first = new SortedSet<OrderedRow>(comparer);
        var (last, kilobytes) = (from?.OrderValues(), 0L);
        ItemKey? after = null;
        while (await NextAsync(container, scope, after) is { Count: > 0 } chunk)
        {
            foreach (var item in chunk)
            {
                var bytes = item.Document(container);
                using var document = JsonDocument.Parse(bytes, DocumentOptions);
                if (!Matches(query, document.RootElement))
                {
                    continue;
                }

                var values = query.OrderBy.Select(order => order.Value.Value(document.RootElement))
                    .Select(value => value.ValueKind == JsonValueKind.Undefined ? value : value.Clone()).ToArray();
                var row = new OrderedRow(values, item.Seq, bytes);
                kilobytes += RequestCharges.Kilobytes(item.Body.Length);
                if ((last is not null && comparer.Compare(row, new OrderedRow(last, from!.Item, [])) <= 0) || !comparer.IsBehind(row, resume))
                {
                    continue;
                }

                first.Add(row);
                if (first.Count > most + 1)
                {
                    first.Remove(first.Max!);
                }
            }

            after = new ItemKey(chunk[^1].Epk, chunk[^1].Pk, chunk[^1].Id);
        }

        return Page(query, first, new PageBuilder(most, from is null ? query.Top : from.TopLeft), kilobytes);
    }

    private static QueryPage Page(SqlQuery query, SortedSet<OrderedRow> first, PageBuilder page, long kilobytes)
    {
        OrderedRow? through = null;
        foreach (var row in first)
        {
            using var document = JsonDocument.Parse(row.Document, DocumentOptions);
            var result = Result(query, document.RootElement, row.Document);
            if (page.Full || (result is not null && !page.TryAdd(result)))
            {
                break;
            }

            through = row;
        }

        var more = page.TopLeft != 0 && through is not null && !ReferenceEquals(through, first.Max);
        return new(
            page.Results,
            more
                ? new QueryPosition(
                    null, [.. through!.Values.Select(value => value.ValueKind == JsonValueKind.Undefined ? "" : value.GetRawText())],
                    through.Item, page.TopLeft)
                : null,
            kilobytes);
    }

    private static JsonDocumentOptions DocumentOptions => new() { MaxDepth = 128 };

    private static bool Matches(SqlQuery query, JsonElement item) => query.Where is null || query.Where.Truth(item) == true;

    /// <summary>Null where SELECT VALUE gives nothing.</summary>
    private static byte[]? Result(SqlQuery query, JsonElement item, byte[] whole)
    {
        if (query.Select.Value is not { } select)
        {
            return whole;
        }

        if (select is SqlMade made)
        {
            using var body = new MemoryStream();
            using (var writer = new Utf8JsonWriter(body, new JsonWriterOptions
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                MaxDepth = 256,
            }))
            {
                made.Write(writer, item);
            }

            return body.ToArray();
        }

        var value = select.Value(item);
        return value.ValueKind == JsonValueKind.Undefined ? null : System.Text.Encoding.UTF8.GetBytes(value.GetRawText());
    }
}
