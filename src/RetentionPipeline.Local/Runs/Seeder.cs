using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.Local.Runs;

/// <summary>Writes the sample company into a storage account.</summary>
public sealed class Seeder(string address)
{
    /// <summary>Blob of the pipeline's container that says that the company stands, with its seed and its "now".</summary>
    public const string Marker = "sample-company";

    private readonly TableServiceClient tables = DeployedPorts.TableService(address, retries: 3);
    private readonly BlobServiceClient blobs = DeployedPorts.BlobService(address, retries: 3);

    /// <summary>Whether the company stands there, whole.</summary>
    public async Task<bool> IsSeededAsync(CancellationToken cancel) =>
        await blobs.GetBlobContainerClient("pipeline").GetBlobClient(Marker).ExistsAsync(cancel);

    /// <summary>
    /// Writes the company, then the marker: a run that was cut off seeds again, over what it wrote. Returns the entities
    /// written.
    /// </summary>
    public async Task<int> SeedAsync(SampleSize size, CancellationToken cancel)
    {
        var company = new SampleCompany(size);
        var groups = company.Entities().GroupBy(entity => (entity.Table, entity.Partition)).ToList();
        foreach (var table in groups.Select(group => group.Key.Table).Distinct())
        {
            await tables.GetTableClient(table).CreateIfNotExistsAsync(cancel);
        }

        foreach (var table in SampleTables)
        {
            await tables.GetTableClient(table).CreateIfNotExistsAsync(cancel);
        }

        var written = 0;
        await Parallel.ForEachAsync(groups, Options(cancel), async (group, token) =>
        {
            var client = tables.GetTableClient(group.Key.Table);
            foreach (var chunk in group.Chunk(100))
            {
                await client.SubmitTransactionAsync(
                    chunk.Select(entity => new TableTransactionAction(TableTransactionActionType.UpsertReplace, ToEntity(entity))),
                    token);
                Interlocked.Add(ref written, chunk.Length);
            }
        });
        await SeedFilesAsync(size, cancel);
        await blobs.GetBlobContainerClient("pipeline").GetBlobClient(Marker)
            .UploadAsync(BinaryData.FromString($"{size.Seed} {size.Now:O}"), overwrite: true, cancel);
        return written;
    }

    /// <summary>Every table of the sample policy, those that a small company leaves empty included.</summary>
    private static IReadOnlyList<string> SampleTables { get; } =
    [
        "Accounts", "Credentials", "Demographics", "Profiles", "FriendContacts", "Interests", "Preferences", "Tickets",
        "ManagedDevices", "ChildAccounts", "Orders", "Payments", "PageViews", "Devices", "Environments", "Positions",
        "Regions", "Reviews", "PromotionEntries", "EmailOpens", "Cookies",
    ];

    private async Task SeedFilesAsync(SampleSize size, CancellationToken cancel)
    {
        foreach (var container in new[] { "logs", "reports" })
        {
            await blobs.GetBlobContainerClient(container).CreateIfNotExistsAsync(cancellationToken: cancel);
        }

        foreach (var file in new SampleFiles(size).Files())
        {
            var options = new BlobUploadOptions { Metadata = file.Metadata.ToDictionary() };
            await blobs.GetBlobContainerClient(file.Container).GetBlobClient(file.Name)
                .UploadAsync(BinaryData.FromBytes(file.Content), options, cancel);
        }
    }

    private static TableEntity ToEntity(SampleEntity entity)
    {
        var written = new TableEntity(entity.Partition, entity.Row);
        foreach (var (name, value) in entity.Fields)
        {
            written[name] = value;
        }

        return written;
    }

    private static ParallelOptions Options(CancellationToken cancel) =>
        new() { MaxDegreeOfParallelism = 8, CancellationToken = cancel };
}
