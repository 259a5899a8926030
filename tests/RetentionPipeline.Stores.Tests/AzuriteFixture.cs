using Azure.Data.Tables;
using Azure.Storage.Blobs;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Local.Azurite;

namespace RetentionPipeline.Stores.Tests;

/// <summary>One Azurite for all tests that need storage, in a folder of its own that goes with it.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("azurite-").FullName;
    private AzuriteProcess? process;
    private int names;

    /// <summary>For the official SDKs.</summary>
    public string ConnectionString => process!.ConnectionString;

    public BlobServiceClient Blobs => DeployedPorts.BlobService(ConnectionString, retries: 0);

    public TableServiceClient Tables => DeployedPorts.TableService(ConnectionString, retries: 0);

    /// <summary>A name that no other test has, fit for a table and a container.</summary>
    public string NewName() => $"t{Interlocked.Increment(ref names):D6}x";

    public async Task InitializeAsync() =>
        process = await AzuriteProcess.StartAsync(new AzuriteOptions(folder), CancellationToken.None);

    public async Task DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }
}

[CollectionDefinition(Name)]
public sealed class AzuriteCollection : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "Azurite";
}
