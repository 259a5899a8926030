using System.Text.Encodings.Web;
using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.EndToEnd.Tests.LocalRuns;

/// <summary>What stands in a store, read by the official SDK alone: the keys, and whether a rewrite left its mark.</summary>
internal static class StoresRead
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<IReadOnlyDictionary<RecordKey, bool>> EntitiesAsync(string account, string table, string stageField)
    {
        var found = new Dictionary<RecordKey, bool>();
        await foreach (var entity in DeployedPorts.TableService(account, retries: 3).GetTableClient(table).QueryAsync<TableEntity>())
        {
            found[new RecordKey(entity.PartitionKey, entity.RowKey)] = entity.ContainsKey(stageField);
        }

        return found;
    }

    /// <summary>Null for a blob that is not there.</summary>
    public static async Task<(byte[] Content, bool Staged)?> BlobAsync(string account, string container, string name, string stageField)
    {
        var blob = DeployedPorts.BlobService(account, retries: 3).GetBlobContainerClient(container).GetBlobClient(name);
        if (!await blob.ExistsAsync())
        {
            return null;
        }

        var read = (await blob.DownloadContentAsync()).Value;
        return (read.Content.ToArray(), read.Details.Metadata.ContainsKey(stageField));
    }

    public static async Task<IReadOnlyDictionary<RecordKey, bool>> ItemsAsync(string account, string container, string stageField)
    {
        using var client = new CosmosClient(account, new CosmosClientOptions { ConnectionMode = ConnectionMode.Gateway, LimitToEndpoint = true });
        var opened = client.GetContainer(container.Split('/')[0], container.Split('/')[1]);
        var keys = (await opened.ReadContainerAsync()).Resource.PartitionKeyPaths.Select(path => path[1..]).ToList();
        var found = new Dictionary<RecordKey, bool>();
        using var pages = opened.GetItemQueryStreamIterator("SELECT * FROM c");
        while (pages.HasMoreResults)
        {
            using var page = await pages.ReadNextAsync();
            page.EnsureSuccessStatusCode();
            using var document = await JsonDocument.ParseAsync(page.Content);
            foreach (var item in document.RootElement.GetProperty("Documents").EnumerateArray())
            {
                var partition = JsonSerializer.Serialize(keys.Select(key => item.GetProperty(key).GetString()), Readable);
                found[new RecordKey(partition, item.GetProperty("id").GetString()!)] = item.TryGetProperty(stageField, out _);
            }
        }

        return found;
    }
}
