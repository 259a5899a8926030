using System.Diagnostics;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Endpoints.Bus;
using RetentionPipeline.Local.Endpoints.Cosmos;

namespace RetentionPipeline.Stores.Tests.Accounts;

/// <summary>Whether the variables do what they say: the stand-ins of this machine are the accounts here.</summary>
public sealed class AccountSwitchTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("switch-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SlowFact]
    public async Task With_an_address_each_contract_runs_there_and_without_one_it_is_skipped_with_the_reason()
    {
        await using var azurite = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "azurite")), CancellationToken.None);
        await using var cosmos = await CosmosGateway.StartAsync(CosmosGatewayOptions.Default, CancellationToken.None);
        var behaviour = QueueBehaviour.Default with { LockLength = AccountQueues.Lock, DuplicateWindow = AccountQueues.Window };
        await using var bus = await BusEndpoint.StartAsync(
            new BusEndpointOptions(
                Path.Combine(folder, "bus.db"), Enumerable.Range(1, 20).ToDictionary(number => $"contract-{number}", _ => behaviour)),
            CancellationToken.None);

        var without = await RunAsync(null, null, null);
        Assert.Matches(@"Skipped: [3-9]\d", without);
        Assert.DoesNotMatch(@"Passed: \d|Failed: \d", without);
        Assert.All(
            new[] { TestAccounts.Storage, TestAccounts.Cosmos, TestAccounts.ServiceBus },
            variable => Assert.Contains($"Needs a real account: set {variable} to its connection string.", without, StringComparison.Ordinal));

        var with = await RunAsync(azurite.ConnectionString, cosmos.ConnectionString, bus.ConnectionString);
        Assert.Matches(@"Passed: [3-9]\d", with);
        Assert.DoesNotMatch(@"Skipped: \d|Failed: \d", with);

        // Nothing is left behind.
        Assert.Empty(DeployedNames(azurite.ConnectionString));
        using var http = new HttpClient();
        using var ask = new HttpRequestMessage(HttpMethod.Get, new Uri(cosmos.Endpoint, "dbs"));
        ask.Headers.TryAddWithoutValidation("Authorization", "any");
        Assert.DoesNotContain("retention-test", await (await http.SendAsync(ask)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static List<string> DeployedNames(string account) =>
    [
        .. Adapters.Composition.DeployedPorts.BlobService(account, retries: 3).GetBlobContainers().Select(container => container.Name),
        .. Adapters.Composition.DeployedPorts.TableService(account, retries: 3).Query().Select(table => table.Name),
    ];

    private static async Task<string> RunAsync(string? storage, string? cosmos, string? bus)
    {
        var start = new ProcessStartInfo("dotnet", ["test", typeof(AccountSwitchTests).Assembly.Location, "--nologo", "--filter", "FullyQualifiedName~OnAccountTests", "--logger", "console;verbosity=detailed"])
        {
            RedirectStandardOutput = true,
        };
        (start.Environment[TestAccounts.Storage], start.Environment[TestAccounts.Cosmos], start.Environment[TestAccounts.ServiceBus]) = (storage, cosmos, bus);
        using var run = Process.Start(start)!;
        var said = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        return said;
    }

    /// <summary>Locks and windows pass in real time.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SlowFactAttribute : FactAttribute
    {
        public SlowFactAttribute()
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("RETENTION_LONG")))
            {
                Skip = "Takes minutes: set RETENTION_LONG=1.";
            }
        }
    }
}
