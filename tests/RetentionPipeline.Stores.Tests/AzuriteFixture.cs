using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests;

/// <summary>One Azurite for all tests that need storage, in a folder of its own that goes with it.</summary>
public sealed class AzuriteFixture : StorageUnderTest, IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("azurite-").FullName;
    private AzuriteProcess? process;
    private int names;

    public override string ConnectionString => process!.ConnectionString;

    public override string NewName() => $"t{Interlocked.Increment(ref names):D6}x";

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
