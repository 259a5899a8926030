using RetentionPipeline.Fakes;
using Xunit.Abstractions;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>
/// Every call to a store fails before or after its effect, is slow, or comes after somebody else's, alone and in pairs (in
/// the manner of sunlight's TestSequenceErrors). While a call is slow, or before one that comes too late, another
/// integrator that believes to hold the lease appends, commits and publishes. Whatever happens, nothing is lost, doubled
/// or forked, and the published size never falls.
/// </summary>
public class SequenceErrorTests(ITestOutputHelper output)
{
    private static readonly FaultKind[] Kinds = [FaultKind.FailedAndNotWritten, FaultKind.FailedButWritten];
    private static readonly Trouble[] Troubles = Enum.GetValues<Trouble>();

    /// <summary>What befalls a call.</summary>
    private enum Trouble
    {
        /// <summary>It fails and changed nothing.</summary>
        FailedAndNotWritten,

        /// <summary>It fails and changed what it should.</summary>
        FailedButWritten,

        /// <summary>Its answer comes when somebody else has moved the log on.</summary>
        Slow,

        /// <summary>Somebody else was there first.</summary>
        PreconditionLost,
    }

    [Fact]
    public async Task Any_one_call_may_come_to_grief()
    {
        var (calls, cases) = (await CountAsync(countReads: true), 0);
        foreach (var trouble in Troubles)
        {
            foreach (var restarts in new[] { false, true })
            {
                for (var n = 1; n <= calls; n++, cases++)
                {
                    var story = new Story(restarts, countReads: true);
                    story.Plan(n, trouble);
                    await story.PlayAsync();
                    Assert.Equal(1, story.Troubles);
                }
            }
        }

        Tell(cases);
    }

    /// <summary>Every pair, but of the reads of single lanes, each of which is the same as the other fifteen.</summary>
    [Fact]
    public async Task Any_two_calls_may_come_to_grief()
    {
        var (calls, cases) = (await CountAsync(countReads: false) + 8, 0);
        foreach (var (first, second) in Pairs(calls))
        {
            foreach (var (trouble, other) in Troubles.SelectMany(_ => Troubles, (trouble, other) => (trouble, other)))
            {
                var story = new Story(restarts: (first + second) % 2 == 0, countReads: false);
                story.Plan(first, trouble);
                story.Plan(second, other);
                await story.PlayAsync();
                cases++;
            }
        }

        Tell(cases);
        Assert.True(cases >= 1_000);
    }

    /// <summary>The lease is lost between any two calls, and its old holder wakes up as late as can be.</summary>
    [Fact]
    public async Task Who_is_frozen_before_any_call_wakes_up_in_a_log_that_has_moved_on()
    {
        var (calls, cases) = (await CountAsync(countReads: true), 0);
        for (var n = 1; n <= calls; n++)
        {
            for (var rounds = 2; rounds <= 4; rounds++, cases++)
            {
                var story = new Story(restarts: false, countReads: true) { RivalRounds = rounds };
                story.Plan(n, Trouble.PreconditionLost);
                await story.PlayAsync();
                Assert.Equal(1, story.Troubles);
            }
        }

        Tell(cases);
    }

    [Fact]
    public async Task Ten_thousand_calls_may_fail_while_three_integrators_race()
    {
        var faults = 0;
        for (var seed = 1; faults < 10_000; seed++)
        {
            faults += await RaceAsync(new Random(seed));
        }
    }

    /// <summary>300 appends and runs by anyone, one call in six failing; returns how many did.</summary>
    private static async Task<int> RaceAsync(Random random)
    {
        var (scene, acknowledged, faults) = (new Scene(blocksPerSegment: 5), new List<ReadOnlyMemory<byte>>(), 0);
        var integrators = Enumerable.Range(0, 3).Select(_ => scene.NewIntegrator()).ToArray();
        var depth = 0;
        scene.Faults.Choose = (_, _) =>
        {
            var fails = random.Next(6) == 0;
            faults += fails ? 1 : 0;
            return fails ? Kinds[random.Next(2)] : null;
        };
        scene.Faults.Before = call =>
        {
            // In the middle of one integrator's call another one works; how deep is bounded by how many there are.
            if (depth is > 0 and < 3 && call != "lanes.read" && random.Next(4) == 0)
            {
                RunAsync(integrators[depth]).GetAwaiter().GetResult();
            }
        };
        for (var step = 0; step < 300; step++)
        {
            if (random.Next(2) == 0)
            {
                ReadOnlyMemory<byte>[] leaves = [Leaf($"op-{random.Next(step + 1)}"), Leaf($"op-{step}", "outcome")];
                if (await TryAsync(() => scene.AppendAsync(leaves)))
                {
                    acknowledged.AddRange(leaves);
                }
            }
            else if (!await RunAsync(integrators[0]))
            {
                integrators[random.Next(3)] = scene.NewIntegrator();
            }
        }

        (scene.Faults.Choose, scene.Faults.Before) = (null, null);
        await scene.CatchUpAsync();
        await scene.AssertWellAsync(acknowledged);
        return faults;

        async Task<bool> RunAsync(Integrator integrator)
        {
            depth++;
            var isDone = await TryAsync(() => scene.RunAsync(integrator));
            depth--;
            return isDone;
        }
    }

    private static async Task<bool> TryAsync(Func<Task> step)
    {
        try
        {
            await step();
            return true;
        }
        catch (InjectedFaultException)
        {
            return false;
        }
    }

    private static async Task<int> CountAsync(bool countReads)
    {
        var story = new Story(restarts: false, countReads);
        await story.PlayAsync();
        Assert.Equal(0, story.Troubles);
        return story.Calls;
    }

    private static IEnumerable<(int First, int Second)> Pairs(int calls) =>
        from first in Enumerable.Range(1, calls)
        from second in Enumerable.Range(first + 1, calls - first)
        select (first, second);

    private void Tell(int cases) => output.WriteLine($"{cases} cases");

    /// <summary>Appends and runs, under trouble; then two healthy runs, and a look at what there is.</summary>
    private sealed class Story
    {
        private readonly Scene scene = new(blocksPerSegment: 2);
        private readonly Dictionary<int, Trouble> plan = [];
        private readonly List<ReadOnlyMemory<byte>> acknowledged = [];
        private readonly bool restarts;
        private Integrator integrator;
        private Integrator rival;
        private bool isRivalAtWork;
        private bool isLate;
        private bool isSlow;

        public Story(bool restarts, bool countReads)
        {
            this.restarts = restarts;
            integrator = scene.NewIntegrator();
            rival = scene.NewIntegrator();
            scene.Faults.Choose = (_, call) =>
            {
                if (isRivalAtWork || (!countReads && call == "lanes.read"))
                {
                    return null;
                }

                Calls++;
                if (!plan.TryGetValue(Calls, out var trouble))
                {
                    return null;
                }

                Troubles++;
                (isLate, isSlow) = (trouble is Trouble.PreconditionLost, trouble is Trouble.Slow);
                return trouble switch
                {
                    Trouble.FailedAndNotWritten => FaultKind.FailedAndNotWritten,
                    Trouble.FailedButWritten => FaultKind.FailedButWritten,
                    _ => null,
                };
            };
            scene.Faults.Before = _ => LetRivalWork(ref isLate);
            scene.Faults.After = _ => LetRivalWork(ref isSlow);
        }

        public int Calls { get; private set; }

        public int Troubles { get; private set; }

        public int RivalRounds { get; init; } = 1;

        public void Plan(int call, Trouble trouble) => plan.Add(call, trouble);

        public async Task PlayAsync()
        {
            await AppendAsync(Leaf("a"), Leaf("b"));
            await RunAsync();
            await AppendAsync(Leaf("a", "outcome"), Leaf("a"));
            await RunAsync();
            await RunAsync();

            (scene.Faults.Choose, scene.Faults.Before, scene.Faults.After) = (null, null, null);
            await scene.RunAsync(integrator);
            await scene.CatchUpAsync();
            await scene.AssertWellAsync(acknowledged);
        }

        private async Task AppendAsync(params ReadOnlyMemory<byte>[] leaves)
        {
            for (var isDone = false; !isDone;)
            {
                isDone = await TryAsync(() => scene.AppendAsync(leaves));
            }

            acknowledged.AddRange(leaves);
        }

        private async Task RunAsync()
        {
            if (!await TryAsync(() => scene.RunAsync(integrator)) && restarts)
            {
                integrator = scene.NewIntegrator();
            }
        }

        private void LetRivalWork(ref bool isTime)
        {
            if (!isTime || isRivalAtWork)
            {
                return;
            }

            (isTime, isRivalAtWork) = (false, true);
            for (var round = 0; round < RivalRounds; round++)
            {
                ReadOnlyMemory<byte>[] leaves = [Leaf($"rival-{Troubles}-{round}"), Leaf("a")];
                scene.AppendAsync(leaves).GetAwaiter().GetResult();
                acknowledged.AddRange(leaves);
                scene.RunAsync(rival).GetAwaiter().GetResult();
            }

            isRivalAtWork = false;
        }
    }
}
