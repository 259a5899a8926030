using System.Globalization;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.EndToEnd.Tests.Oracle;
using RetentionPipeline.Local.Runs;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.LocalRuns;

/// <summary>Holds all three stores of a seeded company against the oracle, read by the official SDKs alone.</summary>
internal static class CompanyCheck
{
    /// <summary>Records and blobs that are not what the oracle says of the company as it was seeded.</summary>
    public static async Task<IReadOnlyList<string>> DifferencesAsync(string account, string cosmos, int records, int logMegabytes)
    {
        var marker = await DeployedPorts.BlobService(account, retries: 3).GetBlobContainerClient("pipeline")
            .GetBlobClient(Seeder.Marker).DownloadContentAsync();
        var (seed, now) = marker.Value.Content.ToString().Split(' ') is [var first, var second]
            ? (int.Parse(first, CultureInfo.InvariantCulture), DateTimeOffset.Parse(second, CultureInfo.InvariantCulture))
            : throw new FormatException("The marker of the sample is not what the seeder writes.");
        var size = new SampleSize(seed, now, records, logMegabytes, SampleFaults.None);
        var policy = PolicyDocument.Load(SampleSimulation.PolicyText, "sample").Policy!;
        return [.. await OfRecordsAsync(account, cosmos, policy, size), .. await OfFilesAsync(account, policy, size)];
    }

    private static async Task<IReadOnlyList<string>> OfRecordsAsync(string account, string cosmos, Policy policy, SampleSize size)
    {
        var company = new SampleCompany(size).Everything().ToList();
        Assert.InRange(company.Count(record => record.IsItem) / (double)company.Count, 0.7, 0.9);
        string[] requested = [.. SampleRequests.Of(size).SkipLast(1).SelectMany(request => request.Identifiers).Select(identifier => identifier.Value)];
        Assert.Equal(2, requested.Length);
        var oracle = new NaiveOracle(policy, size.Now, company);
        var differences = new List<string>();
        var fates = new Dictionary<(bool IsItem, Fate Fate), int>();
        foreach (var container in company.GroupBy(record => record.Container))
        {
            var stageField = policy.Datasets.Values.Single(candidate => candidate.Container == container.Key).StageField;
            var left = container.First().IsItem
                ? await StoresRead.ItemsAsync(cosmos, container.Key, stageField)
                : await StoresRead.EntitiesAsync(account, container.Key, stageField);
            foreach (var record in container)
            {
                if (oracle.Of(record, SampleCompany.HeldCustomer, requested) is not { } fate)
                {
                    continue;
                }

                var seen = !left.TryGetValue(record.Key, out var staged) ? Fate.Goes : staged ? Fate.IsAnonymised : Fate.Stays;
                fates[(record.IsItem, fate)] = fates.GetValueOrDefault((record.IsItem, fate)) + 1;
                if (seen != fate)
                {
                    differences.Add($"{container.Key}: {fate} expected, {seen} seen");
                }
            }
        }

        Assert.True(fates[(true, Fate.Goes)] > 50 && fates[(true, Fate.IsAnonymised)] > 25 && fates[(true, Fate.Stays)] > 50);
        Assert.True(fates[(false, Fate.Goes)] > 10 && fates[(false, Fate.IsAnonymised)] > 2 && fates[(false, Fate.Stays)] > 20);
        return differences;
    }

    private static async Task<IReadOnlyList<string>> OfFilesAsync(string account, Policy policy, SampleSize size)
    {
        var oracle = new NaiveLogOracle(policy, size.Now, SampleCompany.HeldCustomer);
        var stageField = policy.Datasets["access-logs"].StageField;
        var differences = new List<string>();
        var fates = new HashSet<Fate>();
        foreach (var file in new SampleFiles(size).Files())
        {
            var found = await StoresRead.BlobAsync(account, file.Container, file.Name, stageField);
            var seen = found is null ? Fate.Goes : found.Value.Staged ? Fate.IsAnonymised : Fate.Stays;
            fates.Add(oracle.Of(file));
            if (oracle.Compare(file, found?.Content, seen) is { } difference)
            {
                differences.Add(difference);
            }
        }

        Assert.Equal(3, fates.Count);
        return differences;
    }
}
