using Azure.Data.Tables;
using Azure.Storage.Blobs;
using RetentionPipeline.Adapters.Composition;

namespace RetentionPipeline.Stores.Tests.Accounts;

/// <summary>Blob and table storage for tests of the contracts.</summary>
public abstract class StorageUnderTest
{
    /// <summary>For the official SDKs.</summary>
    public abstract string ConnectionString { get; }

    public BlobServiceClient Blobs => DeployedPorts.BlobService(ConnectionString, retries: 0);

    public TableServiceClient Tables => DeployedPorts.TableService(ConnectionString, retries: 0);

    /// <summary>A name that no other test has, fit for a table and a container.</summary>
    public abstract string NewName();
}

/// <summary>A real account. What the tests made there has names of its own, and goes afterwards.</summary>
public sealed class AccountStorage : StorageUnderTest, IAsyncLifetime
{
    private readonly string run = $"rt{Guid.NewGuid():N}"[..14];
    private int names;

    public override string ConnectionString => TestAccounts.Get(TestAccounts.Storage);

    public override string NewName() => NameOf(Interlocked.Increment(ref names));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        for (var number = 1; number <= names; number++)
        {
            await Blobs.GetBlobContainerClient(NameOf(number)).DeleteIfExistsAsync();
            await Tables.DeleteTableAsync(NameOf(number));
        }
    }

    private string NameOf(int number) => $"{run}x{number:D4}";
}
