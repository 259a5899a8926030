using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Bundles;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;
using RetentionPipeline.Ledger;
using static RetentionPipeline.EndToEnd.Tests.Subjects.ForgettingTests;

namespace RetentionPipeline.EndToEnd.Tests.Subjects;

/// <summary>A person is forgotten while others do the same, or export what is there: no honest log looks like a lie.</summary>
public sealed class ForgettingRaceTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Two_who_go_on_with_one_run_take_no_more_than_the_leaf_tells()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        var batch = await simulation.Get<WorkBatches>().FindAsync((await FindAsync(simulation, 2)).Records[0].Operation, None);
        await CrashAsync(simulation, "objects.list", 1);
        await using var other = simulation.Another();
        var isBetween = false;
        simulation.Faults.Before = call =>
        {
            if (call == "objects.list" && !isBetween)
            {
                // The other one has read the row, and has not looked at the openings; then work names the person once more.
                isBetween = true;
                Task.Run(async () =>
                {
                    Assert.Equal(1, await simulation.Get<SubjectForgetting>().RunAsync(None));
                    await simulation.Get<IntentWriter>().MakeDurableAsync(Later(batch!), 0, null, None);
                }).GetAwaiter().GetResult();
            }
        };

        Assert.Equal(1, await other.GetRequiredService<SubjectForgetting>().RunAsync(None));

        simulation.Faults.Before = null;
        Assert.True(isBetween);
        Assert.Empty((await EvidenceCheck.VerifyAsync(simulation)).Problems);
        Assert.Equal((1, 0), Counts(await FindAsync(simulation, 2)));
        Assert.DoesNotContain(simulation.Rows.Snapshot(), row => row.Partition == "forgetting");
        Assert.Equal((1, 0), Told(await ForgetAsync(simulation, 2)));
        Assert.Empty((await EvidenceCheck.VerifyAsync(simulation)).Problems);
    }

    [Fact]
    public async Task What_a_run_takes_is_fixed_once_in_as_many_rows_as_it_needs()
    {
        using var simulation = new SimulatedPipeline(Shop.Now);
        var table = simulation.Get<ForgettingTable>();
        var run = await table.BeginAsync(new HashSet<string> { "name" }, None);
        var entry = (await table.FindAsync(run, None))!;
        Guid[] many = [.. Enumerable.Range(0, 44_000).Select(number => DerivedId.Of(Guid.Empty, $"{number}"))];
        await table.FixAsync(entry, many, many[..2_000], None);
        await table.FixAsync(entry, [], [], None);

        var stands = (await table.FindAsync(run, None))!;
        var parts = (await table.FindPartsAsync(stands, None))!;

        Assert.Equal([run], await table.ListAsync(None));
        Assert.Equal(many, parts.Operations);
        Assert.Equal(many[..1_000], parts.Asked);
        await table.TellAsync(stands, parts, stands.Row with { Names = [], Leaf = [1] }, None);
        Assert.Single(simulation.Rows.Snapshot(), row => row.Partition == "forgetting");
        Assert.Null(await table.FindPartsAsync(stands, None));
    }

    [Fact]
    public async Task An_export_goes_on_with_a_forgetting_and_waits_for_the_log_to_tell_it()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        await CrashAsync(simulation, "objects.replace", 2);
        Assert.IsType<ExportAnswer.NotTold>((await ExportAsync(simulation)).Answer);
        Assert.DoesNotContain(simulation.Rows.Snapshot(), row => row.Partition == "forgetting");
        await simulation.Get<PipelineTimers>().IntegrateAsync(None);
        var (answer, problems) = await ExportAsync(simulation);
        Assert.IsType<ExportAnswer.Written>(answer);
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(12)]
    public async Task Whenever_a_person_is_forgotten_during_an_export_it_is_well(int at)
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2), ("r-3", 3));
        await using var other = simulation.Another();
        var reads = 0;
        simulation.Faults.Before = call =>
        {
            if (call == "objects.read" && ++reads == at)
            {
                Task.Run(async () => Assert.IsType<ForgetAnswer.Done>(
                    await other.GetRequiredService<SubjectForgetting>().ForgetAsync(Person(2), None))).GetAwaiter().GetResult();
            }
        };

        Assert.Empty((await ExportAsync(simulation)).Problems);

        simulation.Faults.Before = null;
        Assert.True(reads > at);
        Assert.Equal((0, 0), Counts(await FindAsync(simulation, 2)));
        await simulation.Get<PipelineTimers>().IntegrateAsync(None);
        var (answer, problems) = await ExportAsync(simulation);
        Assert.IsType<ExportAnswer.Written>(answer);
        Assert.Empty(problems);
    }

    /// <summary>Forgets customer 2 until the n-th call of that name, whose answer is lost.</summary>
    private static async Task CrashAsync(SimulatedPipeline simulation, string call, int number)
    {
        var calls = 0;
        simulation.Faults.Choose = (_, name) => name == call && ++calls == number ? FaultKind.FailedButWritten : null;
        await Assert.ThrowsAsync<InjectedFaultException>(() => ForgetAsync(simulation, 2));
        simulation.Faults.Choose = null;
    }

    /// <summary>A batch of one record that names customer 2, of a scan of its own.</summary>
    private static WorkBatch Later(WorkBatch batch) => batch with
    {
        Operation = DerivedId.Of(Guid.Empty, "later"),
        Scan = DerivedId.Of(Guid.Empty, "later scan"),
        Entries = [new(new RecordKey("later", "1"), "v", Shop.Now, [Person(2)[0]])],
        Count = 1,
    };

    /// <summary>Exports the log and its openings as they are, and verifies what was written.</summary>
    private static async Task<(ExportAnswer Answer, IReadOnlyList<LogProblem> Problems)> ExportAsync(SimulatedPipeline simulation)
    {
        var folder = Directory.CreateTempSubdirectory("export-");
        try
        {
            var (log, beside) = (Path.Combine(folder.FullName, "log"), Path.Combine(folder.FullName, "openings"));
            var verifier = await BundleShop.KeyAsync(simulation);
            var answer = await simulation.Get<AuditExport>().WriteAsync(log, beside, verifier, TimeSpan.Zero, None);
            return (
                answer,
                answer is ExportAnswer.Written ? [.. LogVerification.Verify(log, verifier, new OpeningsFolder(beside), (_, _) => { }).Problems] : []);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (int, int) Told(ForgetAnswer answer) =>
        (Assert.IsType<ForgetAnswer.Done>(answer).OfRecords, ((ForgetAnswer.Done)answer).OfRequests);
}
