using System.Text;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Local.Endpoints.Cosmos;

namespace RetentionPipeline.Stores.Tests.Cosmos;

/// <summary>A gateway of its own, with the official SDK as its client.</summary>
internal sealed class GatewayUnderTest(CosmosGateway gateway) : CosmosPlace
{
    public CosmosGateway Gateway => gateway;

    public override string ConnectionString => gateway.ConnectionString;

    public override string Database => "shop";

    public static Task<GatewayUnderTest> StartAsync(int partitions) =>
        StartAsync(CosmosGatewayOptions.Default with { Partitions = partitions });

    public static async Task<GatewayUnderTest> StartAsync(CosmosGatewayOptions options) =>
        new(await CosmosGateway.StartAsync(options, CancellationToken.None));

    public async Task SplitAsync(string range)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Gateway.Endpoint, "_gateway/split"))
        {
            Content = new StringContent(JsonSerializer.Serialize(new { database = "shop", container = "things", range })),
        };
        request.Headers.TryAddWithoutValidation("Authorization", "any");
        (await http.SendAsync(request)).EnsureSuccessStatusCode();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Gateway.DisposeAsync();
    }
}

/// <summary>Short ways to say what a test does with a container.</summary>
internal static class Calls
{
    public static async Task<ResponseMessage> PutAsync(this Container container, string json, PartitionKey key, ItemRequestOptions? options = null) =>
        await container.UpsertItemStreamAsync(Json(json), key, options);

    public static MemoryStream Json(string json) => new(Encoding.UTF8.GetBytes(json));

    public static async Task<string> TextAsync(this ResponseMessage response)
    {
        using var reader = new StreamReader(response.Content);
        return await reader.ReadToEndAsync();
    }

    /// <summary>The ids that a query gives, page by page, each page from the token of the one before.</summary>
    public static async Task<List<string>> IdsAsync(
        this Container container, QueryDefinition query, int pageSize = 100, FeedRange? range = null, QueryRequestOptions? options = null)
    {
        var ids = new List<string>();
        string? token = null;
        do
        {
            (var page, token) = await container.PageAsync(query, token, pageSize, range, options);
            ids.AddRange(page);
        }
        while (token is not null);
        return ids;
    }

    public static async Task<(List<string> Ids, string? Token)> PageAsync(
        this Container container, QueryDefinition? query, string? token, int pageSize, FeedRange? range = null, QueryRequestOptions? options = null)
    {
        options ??= new QueryRequestOptions();
        options.MaxItemCount = pageSize;
        using var pages = range is null
            ? container.GetItemQueryIterator<JsonElement>(query, token, options)
            : container.GetItemQueryIterator<JsonElement>(range, query, token, options);
        var page = await pages.ReadNextAsync();
        Assert.True(page.Count <= pageSize);
        return ([.. page.Select(item => item.ValueKind == JsonValueKind.Object ? item.GetProperty("id").GetString()! : item.ToString())], page.ContinuationToken);
    }
}
