using System.Text.Json.Nodes;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;

namespace RetentionPipeline.Ledger.Tests;

/// <summary>
/// Every storage call fails in every way, alone and in pairs, and the integrator starts again: nothing acknowledged is
/// lost, nothing is doubled, and the published size never falls.
/// </summary>
public sealed class IntegratorTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly NoteSigner Signer = new("log.example/t", new byte[32]);

    public static TheoryData<FaultKind, FaultKind> Kinds => new()
    {
        { FaultKind.FailedAndNotWritten, FaultKind.FailedAndNotWritten }, { FaultKind.FailedAndNotWritten, FaultKind.FailedButWritten },
        { FaultKind.FailedButWritten, FaultKind.FailedAndNotWritten }, { FaultKind.FailedButWritten, FaultKind.FailedButWritten },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_pair_of_calls_may_fail_and_each_acknowledged_leaf_is_in_the_log_once(FaultKind first, FaultKind second)
    {
        var cases = 0;
        for (long one = 1; ; one++)
        {
            var reached = false;
            for (var gap = 0; gap < 12; gap++)
            {
                var faults = new Faults();
                var ledger = new MemoryLedger(faults);
                var fired = 0;
                faults.Choose = (number, _) =>
                {
                    if (number == one)
                    {
                        fired++;
                        return first;
                    }

                    return gap > 0 && number == one + gap ? second : null;
                };
                var acknowledged = await AppendAllAsync(ledger, 5, "a");
                await IntegrateAsync(ledger, rounds: 4);
                acknowledged.AddRange(await AppendAllAsync(ledger, 5, "b"));
                await IntegrateAsync(ledger, rounds: 4);
                faults.Choose = null;
                await IntegrateAsync(ledger, rounds: 1);

                await AssertWholeAsync(ledger, acknowledged, $"{first} at {one}, {second} {gap} later");
                reached |= fired > 0;
                cases++;
            }

            if (!reached)
            {
                break;
            }
        }

        Assert.True(cases > 250, $"{cases} cases");
    }

    [Fact]
    public async Task Two_integrators_at_once_lose_and_double_nothing()
    {
        var ledger = new MemoryLedger(new Faults());
        var (one, other) = (New(ledger), New(ledger));
        var acknowledged = new List<byte[]>();
        for (var round = 0; round < 30; round++)
        {
            acknowledged.AddRange(await AppendAllAsync(ledger, 20, $"r{round}"));
            await Task.WhenAll(
                Task.Run(() => one.RunOnceAsync(CancellationToken.None)), Task.Run(() => other.RunOnceAsync(CancellationToken.None)));
        }

        await one.RunOnceAsync(CancellationToken.None);
        await AssertWholeAsync(ledger, acknowledged, "two integrators");
        Assert.Equal(ledger.PublishedCommits.Order(), ledger.PublishedCommits);
    }

    [Fact]
    public async Task An_integrator_that_was_frozen_before_it_publishes_does_not_go_back()
    {
        var faults = new Faults();
        var ledger = new MemoryLedger(faults);
        var frozen = New(ledger);
        await AppendAllAsync(ledger, 3, "a");
        faults.Choose = (_, call) => call == "head.replace" ? FaultKind.FailedAndNotWritten : null;
        await Assert.ThrowsAsync<InjectedFaultException>(() => frozen.RunOnceAsync(CancellationToken.None));
        faults.Choose = null;
        await AppendAllAsync(ledger, 3, "b");
        var size = (await New(ledger).RunOnceAsync(CancellationToken.None)).Size;

        var after = await frozen.RunOnceAsync(CancellationToken.None);

        Assert.Equal(6, size);
        Assert.Equal(6, after.Size);
        Assert.Equal(6, (await Reader(ledger).CheckpointAsync(CancellationToken.None))!.Size);
    }

    [Fact]
    public async Task A_tile_that_holds_other_bytes_stops_the_integrator()
    {
        var ledger = new MemoryLedger(new Faults());
        ledger.Overwrite(TilePath.OfEntries(0, 3), [0, 1, 65]);
        await AppendAllAsync(ledger, 3, "a");
        await Assert.ThrowsAsync<LedgerForkException>(() => New(ledger).RunOnceAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_same_leaf_again_is_dropped_and_another_under_its_key_is_reported_and_kept()
    {
        var ledger = new MemoryLedger(new Faults());
        var writer = new LaneWriter(ledger);
        var leaf = Make("x", 1);
        await writer.AppendAsync([leaf, leaf], CancellationToken.None);
        await writer.AppendAsync([leaf, Make("x", 2)], CancellationToken.None);
        var integrator = New(ledger);

        var result = await integrator.RunOnceAsync(CancellationToken.None);

        Assert.Equal((2, 2, 2), ((int)result.Size, result.Added, result.Duplicates));
        Assert.Equal(new LeafKey("t", "x", ""), Assert.Single(result.Conflicts));
    }

    [Fact]
    public async Task Torn_and_foreign_bytes_between_frames_are_skipped_and_counted()
    {
        var ledger = new MemoryLedger(new Faults());
        var leaf = Make("x", 1);
        var frame = LaneFrame.Encode(Guid.Empty, 1, 1, EntryBundle.Encode([leaf]));
        ILaneStore lanes = ledger;
        await lanes.AppendAsync(3, frame.AsMemory(0, 50), CancellationToken.None);
        Assert.Equal(0, (await New(ledger).RunOnceAsync(CancellationToken.None)).Size);
        await lanes.AppendAsync(3, frame, CancellationToken.None);

        var result = await New(ledger).RunOnceAsync(CancellationToken.None);

        Assert.Equal(1, result.Size);
        Assert.Equal(50, result.SkippedBytes);
    }

    [Fact]
    public async Task The_index_finds_what_a_published_checkpoint_covers_and_nothing_else()
    {
        var ledger = new MemoryLedger(new Faults());
        var index = new LogIndex(Reader(ledger));
        await AppendAllAsync(ledger, 600, "a");
        Assert.Null(await index.FindAsync(new LeafKey("t", "a5", ""), CancellationToken.None));
        await New(ledger).RunOnceAsync(CancellationToken.None);

        Assert.NotNull(await index.FindAsync(new LeafKey("t", "a599", ""), CancellationToken.None));
        Assert.Null(await index.FindAsync(new LeafKey("t", "a600", ""), CancellationToken.None));
    }

    private static async Task<List<byte[]>> AppendAllAsync(MemoryLedger ledger, int count, string prefix)
    {
        var acknowledged = new List<byte[]>();
        var writer = new LaneWriter(ledger);
        for (var number = 0; number < count; number++)
        {
            var leaf = Make($"{prefix}{number}", number);
            for (var attempt = 0; attempt < 3; attempt++)
            {
                try
                {
                    await writer.AppendAsync([leaf], CancellationToken.None);
                    acknowledged.Add(leaf);
                    break;
                }
                catch (InjectedFaultException)
                {
                    // The caller tries again, with the same bytes.
                }
            }
        }

        return acknowledged;
    }

    private static async Task IntegrateAsync(MemoryLedger ledger, int rounds)
    {
        var integrator = New(ledger);
        for (var round = 0; round < rounds; round++)
        {
            try
            {
                await integrator.RunOnceAsync(CancellationToken.None);
            }
            catch (InjectedFaultException)
            {
                // The process dies; the next one starts from what is durable.
                integrator = New(ledger);
            }
        }
    }

    private static async Task AssertWholeAsync(MemoryLedger ledger, List<byte[]> acknowledged, string where)
    {
        var size = (await Reader(ledger).CheckpointAsync(CancellationToken.None))!.Size;
        var entries = await Reader(ledger).ReadEntriesAsync(0, (int)size, CancellationToken.None);
        var texts = entries.Select(entry => Convert.ToHexString(entry.Span)).ToList();
        Assert.True(texts.Distinct().Count() == texts.Count, where);
        Assert.True(acknowledged.All(leaf => texts.Contains(Convert.ToHexString(leaf))), where);
    }

    private static byte[] Make(string id, int value) => Leaf.Encode("t", id, "", At, new JsonObject { ["value"] = value });

    private static Integrator New(MemoryLedger ledger) => new(ledger.Stores, Signer, "log.example/t");

    private static LogReader Reader(MemoryLedger ledger) => new(ledger, ledger, ledger);
}
