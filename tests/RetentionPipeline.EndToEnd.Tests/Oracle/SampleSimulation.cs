using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Oracle;

/// <summary>The sample company in a simulation.</summary>
internal static class SampleSimulation
{
    public static string PolicyText { get; } = File.ReadAllText(Path.Combine(Repository.Root, "samples", "policies", "contoso-outdoor.yaml"));

    public static async Task<(SimulatedPipeline Simulation, IReadOnlyList<SampleRecord> Company)> StartAsync(SampleSize size)
    {
        var simulation = new SimulatedPipeline(size.Now, "crm", "shop", "logs", "files");
        var policy = PolicyDocument.Load(PolicyText, "sample").Policy!;
        var stores = policy.Datasets.Values.Where(dataset => policy.Stores[dataset.Store].Kind is not StoreKind.Blob)
            .ToDictionary(dataset => dataset.Container, dataset => dataset.Store);
        var company = new SampleCompany(size).Everything().ToList();
        foreach (var record in company)
        {
            var fields = record.Fields.ToDictionary(field => field.Key, field => (object?)field.Value);
            if (!record.IsItem)
            {
                fields["PartitionKey"] = record.Key.Partition;
                fields["RowKey"] = record.Key.Id;
            }

            simulation.Stores[stores[record.Container]].Put(record.Container, record.Key, fields);
        }

        foreach (var file in new SampleFiles(size).Files())
        {
            var store = file.Container == "reports" ? "files" : "logs";
            var fields = file.Metadata.ToDictionary(pair => "metadata." + pair.Key, pair => (object?)pair.Value);
            var date = System.Text.RegularExpressions.Regex.Match(file.Name, @"(\d{4})[/-](\d{2})[/-](\d{2})");
            if (date.Success)
            {
                fields["@name-date"] = $"{date.Groups[1].Value}-{date.Groups[2].Value}-{date.Groups[3].Value}";
            }

            simulation.Stores[store].Put(file.Container, new RecordKey("", file.Name), fields, file.Content);
        }

        await simulation.StorePolicyAsync(PolicyText);
        await simulation.Get<HoldDesk>().PlaceAsync(
            "matter-2026-001",
            new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", SampleCompany.HeldCustomer)]), "litigation", "tester",
            CancellationToken.None);
        return (simulation, company);
    }
}

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "RetentionPipeline.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
