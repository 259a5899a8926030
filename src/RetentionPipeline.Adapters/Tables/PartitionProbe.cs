using Azure.Data.Tables;

namespace RetentionPipeline.Adapters.Tables;

/// <summary>
/// Finds where to cut a table, by asking for the first partition key at or behind a text: which first characters there
/// are, then which second ones below a character that stands alone.
/// </summary>
internal sealed class PartitionProbe(TableClient table)
{
    private const int MaxProbes = 200;
    private int probes;

    public async Task<IReadOnlyList<string>> FindSplitsAsync(int parts, CancellationToken cancel)
    {
        var prefix = "";
        while (probes < MaxProbes)
        {
            var heads = await HeadsAsync(prefix, cancel);
            if (heads.Count != 1)
            {
                return Choose(heads, parts);
            }

            if (heads[0].Length == prefix.Length)
            {
                return [];
            }

            prefix = heads[0];
        }

        return [];
    }

    private async Task<IReadOnlyList<string>> HeadsAsync(string prefix, CancellationToken cancel)
    {
        var heads = new List<string>();
        var from = prefix;
        while (probes++ < MaxProbes && await NextAsync(from, cancel) is { } key && key.StartsWith(prefix, StringComparison.Ordinal))
        {
            var head = key.Length > prefix.Length ? key[..(prefix.Length + 1)] : key;
            heads.Add(head);
            if (head[^1] == char.MaxValue)
            {
                break;
            }

            from = head.Length > prefix.Length ? head[..^1] + (char)(head[^1] + 1) : head + '\u0001';
            if (char.IsSurrogate(from[^1]))
            {
                break;
            }
        }

        return heads;
    }

    private async Task<string?> NextAsync(string from, CancellationToken cancel)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {from}");
        await foreach (var page in table.QueryAsync<TableEntity>(filter, 1, ["PartitionKey"], cancel).AsPages().WithCancellation(cancel))
        {
            if (page.Values.Count > 0)
            {
                return page.Values[0].PartitionKey;
            }

            if (string.IsNullOrEmpty(page.ContinuationToken))
            {
                return null;
            }
        }

        return null;
    }

    private static IReadOnlyList<string> Choose(IReadOnlyList<string> heads, int parts)
    {
        var wanted = Math.Min(parts, heads.Count);
        return [.. Enumerable.Range(1, Math.Max(0, wanted - 1)).Select(part => heads[part * heads.Count / wanted])];
    }
}
