using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;
using RetentionPipeline.Local.Azurite;

namespace RetentionPipeline.EndToEnd.Tests.Subjects;

/// <summary>What a person types about persons and keys: the tool as a process of its own, on storage of this machine.</summary>
[Collection(ChildrenCollection.Name)]
public sealed class SubjectVerbTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("subjects-").FullName;
    private AzuriteProcess azurite = null!;

    public async Task InitializeAsync() =>
        azurite = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "azurite")), CancellationToken.None);

    public async Task DisposeAsync()
    {
        await azurite.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Keys_are_rotated_and_destroyed_and_a_person_is_found_and_forgotten()
    {
        var deployment = new Deployment(
            azurite.ConnectionString, null, new Dictionary<string, StoreAddress>
            {
                [RequestShop.Store] = new(StoreKind.Table, azurite.ConnectionString),
                [RequestShop.Logs] = new(StoreKind.Blob, azurite.ConnectionString),
            },
            Path.Combine(folder, "queue.db"), Path.Combine(folder, "keys"), "retention.local/subjects", "local");
        deployment.Save(Path.Combine(folder, Deployment.FileName));
        await DeployedPorts.CreateOwnStoresAsync(deployment, CancellationToken.None);

        await SaysAsync(0, "No epoch has been made yet", "ledger", "epoch", "list");
        await RotateAnHourAgoAsync(deployment);
        await SaysAsync(0, "Epoch 3 is made.", "ledger", "epoch", "rotate");
        await SaysAsync(0, "epoch 1: made ", "ledger", "epoch", "list");
        await SaysAsync(2, "Epoch 3 is in use. Nothing was destroyed", "ledger", "epoch", "destroy", "3");
        await SaysAsync(2, "There is no epoch 9.", "ledger", "epoch", "destroy", "9");
        await SaysAsync(0, "epoch 1: its key is gone; the log says so from", "ledger", "epoch", "destroy", "1");
        Assert.Equal(
            ["pseudonym-epoch-0002", "pseudonym-epoch-0003"],
            Directory.GetFiles(Path.Combine(folder, "keys")).Select(Path.GetFileName).Where(name => name!.StartsWith("pseudonym", StringComparison.Ordinal)).Order());
        await SaysAsync(1, "Some instance may use epoch 2 until", "ledger", "epoch", "destroy", "2");

        await TakeInAsync(deployment);
        string[] person = [$"customer-id={RequestShop.Customer(1)}", $"email={RequestShop.Email(1)}"];
        await SaysAsync(0, "0 records and 1 requests name the person. Under 1 destroyed epochs nobody can be found.", ["subject", "find", .. person]);
        await SaysAsync(2, "A person is written KIND=IDENTIFIER", "subject", "find", "somebody");
        await RotateAnHourAgoAsync(deployment);
        await SaysAsync(0, "epoch 2: its key is gone; the log says so from", "ledger", "epoch", "destroy", "2");
        await SaysAsync(1, "1 requests that were taken in under epoch 3 are open", "ledger", "epoch", "destroy", "3");
        await SaysAsync(0, "in force", "hold", "place", "matter-1", "--reason", "litigation", "--subject", person[0]);
        await SaysAsync(1, "A legal hold covers the person. Nothing was forgotten", ["subject", "forget", .. person]);
        await SaysAsync(0, "released", "hold", "release", "matter-1");
        await SaysAsync(0, "Forgotten in 0 records and 1 requests; the log says how many, not whom.", ["subject", "forget", .. person]);
        await SaysAsync(0, "0 records and 0 requests name the person.", ["subject", "find", .. person]);
        await SaysAsync(0, "No opening names the person.", ["subject", "forget", .. person]);

        await SaysAsync(0, "The policy in force names no key, and none was destroyed.", "key", "list");
        await SaysAsync(2, "There is no key visitors, epoch 1.", "key", "destroy", "visitors", "1");
        await SaysAsync(2, "The name of a key has letters", "key", "destroy", "visitors/..", "1");
        await SaysAsync(2, "An epoch is a number from 1 to 9999", "key", "destroy", "visitors", "0");
        await MakeOperatorKeyAsync(deployment);
        await SaysAsync(0, "key visitors, epoch 1: gone; the log says so from", "key", "destroy", "visitors", "1");
        Assert.False(File.Exists(Path.Combine(folder, "keys", "anonymise-visitors-epoch-0001")));
        await SaysAsync(0, "key visitors, epoch 1: gone; the log says so from", "key", "list");
    }

    private static ServiceProvider Open(Deployment deployment, TimeProvider time) => new ServiceCollection().AddSingleton(time)
        .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
        .AddDeployment(deployment).BuildServiceProvider();

    /// <summary>By a clock that is behind: nobody has to wait until every instance has heard of it.</summary>
    private static async Task RotateAnHourAgoAsync(Deployment deployment)
    {
        await using var services = Open(deployment, new SimulatedTime(TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(1)));
        await services.GetRequiredService<EpochDesk>().RotateAsync(CancellationToken.None);
    }

    /// <summary>As a delivery of a rule of an earlier policy did.</summary>
    private async Task MakeOperatorKeyAsync(Deployment deployment)
    {
        await using var services = Open(deployment, TimeProvider.System);
        await services.GetRequiredService<RuleKeys>().ReadAsync(
            [new("Ip", "hmac", new Dictionary<string, string> { ["key"] = "visitors" })], CancellationToken.None);
        Assert.True(File.Exists(Path.Combine(folder, "keys", "anonymise-visitors-epoch-0001")));
    }

    /// <summary>A request comes in; nothing of it is carried out.</summary>
    private static async Task TakeInAsync(Deployment deployment)
    {
        await using var services = Open(deployment, TimeProvider.System);
        await services.GetRequiredService<PolicyBook>().StoreAsync(RequestShop.Policy(), "policy.yaml", CancellationToken.None);
        var (queue, entrance) = (services.GetRequiredService<IWorkQueue>(), QueueNames.RequestsOf(RequestShop.Source));
        var body = Encoding.UTF8.GetBytes(RequestShop.Event("r-1", 1).ToJsonString());
        await queue.SendAsync(entrance, [new("m-1", body, null)], CancellationToken.None);
        var message = Assert.Single(await queue.ReceiveAsync(entrance, 1, TimeSpan.FromSeconds(1), CancellationToken.None));
        await services.GetRequiredService<MessageRouter>().HandleAsync(message, CancellationToken.None);
        await queue.CompleteAsync(message, CancellationToken.None);
    }

    private async Task SaysAsync(int code, string text, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "retention.dll"), .. arguments, "--data", "."])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(patience.Token);
        var output = await said + await errors;
        Assert.True(process.ExitCode == code && output.Contains(text, StringComparison.Ordinal), $"{string.Join(' ', arguments.Take(3))} ended with {process.ExitCode}: {output}");
    }
}
