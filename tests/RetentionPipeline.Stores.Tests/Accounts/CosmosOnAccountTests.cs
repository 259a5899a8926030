using RetentionPipeline.Stores.Tests.Cosmos;

namespace RetentionPipeline.Stores.Tests.Accounts;

[OnAccount(TestAccounts.Cosmos)]
public sealed class CosmosOnAccountTests : CosmosStoreContract
{
    private protected override Task<CosmosPlace> FindPlaceAsync() => Task.FromResult<CosmosPlace>(new OfAccount());

    /// <summary>A database of its own, which goes with the test.</summary>
    private sealed class OfAccount : CosmosPlace
    {
        public override string ConnectionString => TestAccounts.Get(TestAccounts.Cosmos);

        public override string Database { get; } = $"retention-test-{Guid.NewGuid():N}";

        public override async ValueTask DisposeAsync()
        {
            (await Client.GetDatabase(Database).DeleteStreamAsync()).Dispose();
            await base.DisposeAsync();
        }
    }
}
