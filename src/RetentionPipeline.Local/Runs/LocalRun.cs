using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Sample;
using Spectre.Console;

namespace RetentionPipeline.Local.Runs;

/// <summary>One local run, from the start of the storage to the summary.</summary>
public sealed class LocalRun(LocalOptions options, TimeProvider time, IAnsiConsole console)
{
    private readonly ProgressView view = new(console, time);
    private readonly long startedAt = time.GetTimestamp();

    /// <summary>0 all done, 1 something failed or waits for a person, 2 bad input, 3 cannot reach.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        string policy;
        try
        {
            Directory.CreateDirectory(options.Folder);
            policy = ReadPolicy();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            view.Say($"The data folder '{options.Folder}' or the policy cannot be used: {problem.Message}");
            return 2;
        }

        var loaded = PolicyDocument.Load(policy, options.Policy ?? "the sample policy");
        if (loaded.Policy is null)
        {
            foreach (var problem in loaded.Problems)
            {
                view.Say($"{options.Policy}:{problem.Line}:{problem.Column}: {problem.Code}: {problem.Message} {problem.Remedy}");
            }

            return 2;
        }

        try
        {
            await using var alone = TakeFolder();
            return await RunWithStorageAsync(policy, loaded.Policy, cancel);
        }
        catch (Exception problem) when (problem is AzuriteStartException or FolderInUseException)
        {
            view.Say(problem.Message);
            return 3;
        }
    }

    private async Task<int> RunWithStorageAsync(string text, Policy policy, CancellationToken cancel)
    {
        view.Say("Starting the storage …");
        await using var azurite = options.Storage is null
            ? await AzuriteProcess.StartAsync(
                new AzuriteOptions(Path.Combine(options.Folder, "azurite"), options.BlobPort, options.TablePort, options.Node), cancel)
            : null;
        var address = options.Storage ?? azurite!.ConnectionString;
        var deployment = new Deployment(
            address, null, policy.Stores.ToDictionary(pair => pair.Key, pair => new StoreAddress(pair.Value.Kind, address)),
            Path.Combine(options.Folder, "queues.db"), Path.Combine(options.Folder, "keys"), "retention.local/ledger", "local");
        deployment.Save(Path.Combine(options.Folder, Deployment.FileName));
        await DeployedPorts.CreateOwnStoresAsync(deployment, cancel);
        using var log = new RunLog(Path.Combine(options.Folder, "log.txt"), time);
        await using var services = new ServiceCollection()
            .AddSingleton(time).AddSingleton<ILoggerFactory>(log).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddDeployment(deployment)
            .AddSingleton<SummaryWriter>()
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        await SeedAsync(deployment, services, cancel);
        await services.GetRequiredService<PolicyBook>().StoreAsync(text, options.Policy ?? "the sample policy", cancel);
        var raw = options.Summary is null ? null : new RawDeletes(address, time);
        var before = raw is null ? (double?)null : await raw.MeasureAsync(cancel);
        var scans = await RunPipelineAsync(services, policy, cancel);
        var after = raw is null || cancel.IsCancellationRequested ? before : await raw.MeasureAsync(cancel);
        return await EndAsync(services, scans, Min(before, after), cancel);
    }

    private async Task SeedAsync(Deployment deployment, IServiceProvider services, CancellationToken cancel)
    {
        var seeder = new Seeder(deployment.Account);
        if (options.Policy is not null || await seeder.IsSeededAsync(cancel))
        {
            return;
        }

        view.Say("Seeding the sample company …");
        var faults = options.SeedFaults ? SampleFaults.Planted : SampleFaults.None;
        var size = new SampleSize(options.Seed, time.GetUtcNow(), options.Entities, options.LogMegabytes, faults);
        var written = await seeder.SeedAsync(size, cancel);
        await services.GetRequiredService<HoldDesk>().PlaceAsync(
            "matter-2026-001",
            new HoldScope.OfSubject(
            [
                SubjectIdentifier.Of("customer-id", SampleCompany.HeldCustomer),
            ]),
            "litigation", "the sample", cancel);
        view.Say($"{written} entities and the logs are in place; one person is under a legal hold (matter-2026-001).");
    }

    private async Task<IReadOnlyCollection<Guid>> RunPipelineAsync(
        IServiceProvider services, Policy policy, CancellationToken cancel)
    {
        var follow = new RunFollower(services, policy, view, console, time);
        if (options.Once)
        {
            await follow.AskForAllAsync(cancel);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var use = options.Once ? ScheduleUse.CommandsOnly : ScheduleUse.Schedules;
        var host = new PipelineHost(services, use, services.GetRequiredService<ILogger<PipelineHost>>());
        var running = host.RunAsync(ending.Token);
        try
        {
            await follow.FollowAsync(options.Once ? RunEnd.ByItself : RunEnd.Never, startedAt, cancel);
            if (options.Once && options.Keep)
            {
                view.Say($"Everything stays up. Use: retention scan list --data {options.Folder}. Ctrl+C ends it.");
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            view.Say("Ending: what is in flight is finished first.");
        }

        await ending.CancelAsync();
        await running;
        return follow.Scans;
    }

    private async Task<int> EndAsync(
        IServiceProvider services, IReadOnlyCollection<Guid> scans, double? rawRate, CancellationToken cancel)
    {
        // Told also after Ctrl+C: what was done was done.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), time);
        var summary = await services.GetRequiredService<SummaryWriter>().MakeAsync(scans, rawRate, patience.Token);
        view.Tell(summary);
        if (options.Summary is { } file)
        {
            summary.Save(file);
        }

        var verifier = await services.GetRequiredService<LedgerIntegrator>().VerifierAsync(patience.Token);
        if (options.Export is { } export)
        {
            await services.GetRequiredService<LogExport>().WriteAsync(export, verifier, patience.Token);
            view.Say($"The evidence is in {export}. Check it: retention ledger verify {export} --key {verifier}");
        }
        else
        {
            view.Say(
                "The evidence is in the ledger. Export and check it while the storage is up (--keep): "
                + $"retention ledger export DIR --data {options.Folder}; retention ledger verify DIR --key {verifier}");
        }

        return !cancel.IsCancellationRequested && summary.Rules.All(IsWell) ? 0 : 1;
    }

    private static bool IsWell(RuleSummary rule) => rule is { Failed: 0, Open: 0, Status: "done" or "report" };

    private static double? Min(double? one, double? other) => one < other ? one : other ?? one;

    private string ReadPolicy()
    {
        if (options.Policy is { } file)
        {
            return File.ReadAllText(file);
        }

        using var stream = typeof(LocalRun).Assembly.GetManifestResourceStream("sample-policy.yaml")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private FileStream TakeFolder()
    {
        try
        {
            return new FileStream(
                Path.Combine(options.Folder, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new FolderInUseException(options.Folder);
        }
    }
}

/// <summary>Another run has the data folder.</summary>
public sealed class FolderInUseException(string folder)
    : Exception($"Another local run uses the data folder '{folder}'. End it, or name another folder with --data.");
