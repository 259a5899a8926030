using RetentionPipeline.Fakes;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>
/// Every call to a store fails, before or after its effect, alone and in pairs, and somebody else wins at every call
/// (in the manner of sunlight's TestSequenceErrors). Whatever happens, nothing is lost, doubled or forked.
/// </summary>
public class SequenceErrorTests
{
    private static readonly FaultKind[] Kinds = [FaultKind.FailedAndNotWritten, FaultKind.FailedButWritten];

    [Fact]
    public async Task Any_one_call_may_fail_before_or_after_its_effect()
    {
        var calls = await CountAsync(countReads: true);
        foreach (var kind in Kinds)
        {
            foreach (var restarts in new[] { false, true })
            {
                for (var n = 1; n <= calls; n++)
                {
                    var story = new Story(restarts, countReads: true);
                    story.FailAt(n, kind);
                    await story.PlayAsync();
                    Assert.Equal(1, story.Faults);
                }
            }
        }
    }

    [Fact]
    public async Task Any_two_calls_may_fail()
    {
        var calls = await CountAsync(countReads: false);
        foreach (var (first, second) in Pairs(calls + 8))
        {
            foreach (var (kind, other) in Kinds.SelectMany(_ => Kinds, (kind, other) => (kind, other)))
            {
                var story = new Story(restarts: (first + second) % 2 == 0, countReads: false);
                story.FailAt(first, kind);
                story.FailAt(second, other);
                await story.PlayAsync();
            }
        }
    }

    [Fact]
    public async Task Somebody_else_may_win_at_any_call_and_another_call_fail()
    {
        var calls = await CountAsync(countReads: false);
        for (var rival = 1; rival <= calls; rival++)
        {
            for (var n = rival; n <= calls + 12; n += 3)
            {
                foreach (var kind in Kinds)
                {
                    var story = new Story(restarts: n % 2 == 0, countReads: false) { RivalAt = rival };
                    story.FailAt(n, kind);
                    await story.PlayAsync();
                }
            }
        }
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
        Assert.Equal(0, story.Faults);
        return story.Calls;
    }

    private static IEnumerable<(int First, int Second)> Pairs(int calls) =>
        from first in Enumerable.Range(1, calls)
        from second in Enumerable.Range(first + 1, calls - first)
        select (first, second);

    /// <summary>Appends and runs, under faults; then two healthy runs, and a look at what there is.</summary>
    private sealed class Story
    {
        private readonly Scene scene = new(blocksPerSegment: 2);
        private readonly Dictionary<int, FaultKind> faults = [];
        private readonly List<ReadOnlyMemory<byte>> acknowledged = [];
        private readonly bool restarts;
        private Integrator integrator;
        private Integrator rival;
        private bool isRivalAtWork;

        public Story(bool restarts, bool countReads)
        {
            this.restarts = restarts;
            integrator = scene.NewIntegrator();
            rival = scene.NewIntegrator();
            scene.Faults.Choose = (_, call) =>
            {
                if (!countReads && call == "lanes.read")
                {
                    return null;
                }

                Calls++;
                Faults += faults.ContainsKey(Calls) ? 1 : 0;
                return faults.TryGetValue(Calls, out var kind) ? kind : null;
            };
            scene.Faults.Before = _ => LetRivalWork();
        }

        public int Calls { get; private set; }

        public int Faults { get; private set; }

        public int? RivalAt { get; init; }

        public void FailAt(int call, FaultKind kind) => faults.Add(call, kind);

        public async Task PlayAsync()
        {
            await AppendAsync(Leaf("a"), Leaf("b"));
            await RunAsync();
            await AppendAsync(Leaf("a", "outcome"), Leaf("a"));
            await RunAsync();
            await RunAsync();

            scene.Faults.Choose = null;
            scene.Faults.Before = null;
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

        private void LetRivalWork()
        {
            if (Calls != RivalAt || isRivalAtWork)
            {
                return;
            }

            isRivalAtWork = true;
            if (!TryAsync(() => scene.AppendAsync(Leaf("rival"), Leaf("a"))).GetAwaiter().GetResult()
                || !TryAsync(() => scene.RunAsync(rival)).GetAwaiter().GetResult())
            {
                rival = scene.NewIntegrator();
            }
        }
    }
}
