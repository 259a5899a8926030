using Azure;
using Azure.Identity;
using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Children;
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
            policy = ReadPolicy();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            view.Say($"The policy '{options.Policy}' cannot be read: {problem.Message}");
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
            using var folder = RunFolder.Take(options);
            return await RunWithStorageAsync(folder, policy, loaded.Policy, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            view.Say("Ended before the pipeline began: nothing was erased. Start it again: it goes on from here.");
            return 1;
        }
        catch (Exception problem) when (problem is RunFolderException or DeploymentException)
        {
            view.Say(problem.Message);
            return 2;
        }
        catch (FormatException problem) when (options.Storage is not null)
        {
            view.Say($"--storage is neither a connection string nor an https URL: {problem.Message}");
            return 2;
        }
        catch (Exception problem) when (problem is RequestFailedException or AggregateException or AuthenticationFailedException)
        {
            // The SDK's text quotes the request; status and code say what is wrong.
            var refused = problem as RequestFailedException ?? problem.InnerException as RequestFailedException;
            view.Say(
                $"The storage account cannot be reached or refuses: {(refused is null or { Status: 0 } ? "no answer" : $"status {refused.Status}, {refused.ErrorCode}")}. "
                + "Check the address, the network and the identity's roles (Storage Blob Data Contributor, Storage Table Data Contributor).");
            return 3;
        }
        catch (Exception problem) when (problem is ServiceBusException or UnauthorizedAccessException)
        {
            view.Say(
                $"Service Bus cannot be reached or refuses: {(problem as ServiceBusException)?.Reason.ToString() ?? "no right to receive"}. "
                + "Check the address, the network, the queues and the identity's role (Azure Service Bus Data Owner).");
            return 3;
        }
        catch (Exception problem) when (problem is AzuriteStartException or FolderInUseException or ChildFailedException or StoreUnavailableException)
        {
            view.Say(problem.Message);
            return 3;
        }
    }

    private async Task<int> RunWithStorageAsync(RunFolder folder, string text, Policy policy, CancellationToken cancel)
    {
        view.Say("Starting the storage …");
        await using var azurite = options.Storage is null
            ? await AzuriteProcess.StartAsync(
                new AzuriteOptions(Path.Combine(options.Folder, "azurite"), options.BlobPort, options.TablePort, options.Node), cancel)
            : null;
        var wanted = new EndpointsOptions(
            options.Folder,
            options.Cosmos is null && policy.Stores.Values.Any(store => store.Kind is StoreKind.Cosmos) ? options.CosmosPort : null,
            options.Bus is null ? options.BusPort : null,
            [
                QueueNames.Slices, QueueNames.Operations,
                .. policy.Sources.Keys.SelectMany(source => new[] { QueueNames.RequestsOf(source), QueueNames.RepliesOf(source) }),
            ]);
        await using var endpoints = wanted is { CosmosPort: null, BusPort: null } ? null : await EndpointsChild.StartAsync(wanted, cancel);
        var places = new StorePlaces(options.Storage ?? azurite!.ConnectionString, options.Cosmos ?? endpoints?.Addresses.Cosmos);
        var deployment = new Deployment(
            places.Storage, null, policy.Stores.ToDictionary(pair => pair.Key, pair => new StoreAddress(pair.Value.Kind, places.Of(pair.Value.Kind))),
            options.Bus ?? endpoints!.Addresses.Bus!, Path.Combine(options.Folder, "keys"), "retention.local/ledger", "local");
        deployment.Save(Path.Combine(options.Folder, Deployment.FileName));
        await DeployedPorts.CreateOwnStoresAsync(deployment, cancel);
        using var log = new RunLog(Path.Combine(options.Folder, "log.txt"), time);
        await using var services = new ServiceCollection()
            .AddSingleton(time).AddSingleton<ILoggerFactory>(log).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddDeployment(deployment)
            .AddSingleton<SummaryWriter>().AddSingleton(Logs is LogWindows.AtOnce ? RequestWindows.AtOnce : RequestWindows.OfPolicy)
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        await services.GetRequiredService<CosmosAccounts>().ReachAllAsync(cancel);
        await ReachBusAsync(services.GetRequiredService<IWorkQueue>(), cancel);
        var children = new ChildVerb(places);
        var requests = await SeedAsync(children, services, cancel);
        await services.GetRequiredService<PolicyBook>().StoreAsync(text, options.Policy ?? "the sample policy", cancel);
        var before = await MeasureAsync(children, policy, cancel);
        var follow = await RunPipelineAsync(services, policy, Look, requests, cancel);
        var after = await MeasureAgainAsync(before, children, policy, cancel);
        return await EndAsync(services, follow, before.ToDictionary(pair => pair.Key, pair => Math.Min(pair.Value, after[pair.Key])));

        void Look()
        {
            folder.EnsureRoom();
            endpoints?.EnsureServing();
        }
    }

    /// <summary>A message that happens to come is given back.</summary>
    private static async Task ReachBusAsync(IWorkQueue queue, CancellationToken cancel)
    {
        foreach (var message in await queue.ReceiveAsync(QueueNames.Slices, 1, TimeSpan.Zero, cancel))
        {
            await queue.AbandonAsync(message, cancel);
        }
    }

    /// <summary>What the SDKs alone reach in each kind of store of records that the policy has; empty without a summary.</summary>
    private async Task<IReadOnlyDictionary<StoreKind, double>> MeasureAsync(ChildVerb children, Policy policy, CancellationToken cancel)
    {
        var measured = new Dictionary<StoreKind, double>();
        if (options.Summary is not null)
        {
            var kinds = policy.Stores.Values.Select(store => store.Kind).Distinct();
            foreach (var kind in kinds.Where(kind => kind is StoreKind.Table or StoreKind.Cosmos))
            {
                measured[kind] = await children.MeasureDeletesAsync(kind, cancel);
            }
        }

        return measured;
    }

    /// <summary>Who ends the run now waits for no figure: what was done is told all the same.</summary>
    private async Task<IReadOnlyDictionary<StoreKind, double>> MeasureAgainAsync(
        IReadOnlyDictionary<StoreKind, double> before, ChildVerb children, Policy policy, CancellationToken cancel)
    {
        try
        {
            return cancel.IsCancellationRequested ? before : await MeasureAsync(children, policy, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return before;
        }
    }

    /// <summary>Only a run that stays up and goes on by schedule has the days that the policy gives a log to collect requests.</summary>
    private LogWindows Logs => options is { Keep: true, Once: false } ? LogWindows.AsThePolicySays : LogWindows.AtOnce;

    /// <summary>Seeds the company where it is not; returns what its systems ask for.</summary>
    private async Task<IReadOnlyList<SampleRequest>> SeedAsync(ChildVerb children, IServiceProvider services, CancellationToken cancel)
    {
        if (options.Policy is not null)
        {
            return [];
        }

        view.Say("Looking for the sample company, and seeding it where it is not …");
        var faults = options.SeedFaults ? SampleFaults.Planted : SampleFaults.None;
        var size = new SampleSize(options.Seed, time.GetUtcNow(), options.RecordCount, options.LogMegabytes, faults);
        var written = await children.SeedAsync(size, cancel);
        if (written > 0)
        {
            await services.GetRequiredService<HoldDesk>().PlaceAsync(
                "matter-2026-001", new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", SampleCompany.HeldCustomer)]),
                "litigation", "the sample", cancel);
            view.Say($"{written} records and the logs are in place; one person is under a legal hold (matter-2026-001).");
        }

        return SampleRequests.Of(size);
    }

    private async Task<RunFollower> RunPipelineAsync(
        IServiceProvider services, Policy policy, Action look, IReadOnlyList<SampleRequest> requests, CancellationToken cancel)
    {
        var use = options.Once ? ScheduleUse.CommandsOnly : ScheduleUse.Schedules;
        var asked = new RequestFollower(services.GetRequiredService<RequestDesk>(), services.GetRequiredService<IWorkQueue>(), Logs, time);
        var follow = new RunFollower(services, policy, view, console, time) { Use = use, Asked = asked, EachLook = look };
        await follow.BeginAsync(cancel);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var host = new PipelineHost(services, use, services.GetRequiredService<ILogger<PipelineHost>>());
        var running = host.RunAsync(ending.Token);
        try
        {
            await follow.FollowAsync(RunEnd.ByItself, startedAt, cancel);
            await asked.SendAsync(requests, cancel);
            await follow.FollowAsync(RunEnd.ByItself, startedAt, cancel);
            if (options.Keep)
            {
                SayBus(services.GetRequiredService<Deployment>());
                view.Say($"Everything stays up. Use: retention scan list --data {options.Folder}. Ctrl+C ends it.");
                await follow.FollowAsync(RunEnd.Never, startedAt, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            view.Say("Ending: what is in flight is finished first.");
        }
        catch (Exception end) when (end is RunFolderException or ChildFailedException)
        {
            view.Say(end.Message);
            follow.CutShort = true;
        }

        await ending.CancelAsync();
        await running;
        return follow;
    }

    /// <summary>The key of a bus that was given is not ours to show.</summary>
    private void SayBus(Deployment deployment)
    {
        if (options.Bus is null)
        {
            view.Say($"Other systems send their requests to this Service Bus (docs/integrate.md):\n{deployment.Queue}");
        }
    }

    private async Task<int> EndAsync(IServiceProvider services, RunFollower follow, IReadOnlyDictionary<StoreKind, double> bare)
    {
        // Told also after Ctrl+C: what was done was done.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), time);
        var summary = await services.GetRequiredService<SummaryWriter>().MakeAsync(follow, bare, patience.Token);
        view.Tell(summary);
        foreach (var (rule, stop) in follow.Stopped)
        {
            view.Say($"{rule} is stopped ({stop}) and has not ended. After 'retention resume' the next run goes on.");
        }

        if (options.Summary is { } file)
        {
            summary.Save(file);
        }

        view.Say($"The run took {time.GetElapsedTime(startedAt).TotalSeconds:F1} s.");
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

        return follow.HasEnded && !follow.CutShort && summary.Rules.All(IsWell)
            && summary.Asked is { Failed: 0, Parked: 0 } && (summary.Asked.Open == 0 || Logs is LogWindows.AsThePolicySays) ? 0 : 1;
    }

    private static bool IsWell(RuleSummary rule) => rule is { Failed: 0, Open: 0, Status: "done" or "report" };

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
}
