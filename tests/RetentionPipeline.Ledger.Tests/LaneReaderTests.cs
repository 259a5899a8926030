using System.Text;
using CsCheck;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;

namespace RetentionPipeline.Ledger.Tests;

public class LaneReaderTests
{
    private readonly MemoryLedger ledger = new(new Faults());

    [Fact]
    public async Task A_torn_append_at_the_end_is_waited_for_and_passed_over_once_something_stands_behind_it()
    {
        var torn = Frame(2)[..50];
        ledger.AppendRaw(0, Frame(1));
        ledger.AppendRaw(0, torn);
        var first = await ReadAsync(default);
        Assert.Equal(("1", Frame(1).Length, 0), Tell(first));
        Assert.Equal(("", Frame(1).Length, 0), Tell(await ReadAsync(first.Next)));

        ledger.AppendRaw(0, Frame(3));
        Assert.Equal(("3", (2 * Frame(1).Length) + 50, 50), Tell(await ReadAsync(first.Next)));
    }

    [Fact]
    public async Task An_append_that_becomes_whole_is_read()
    {
        ledger.AppendRaw(0, Frame(1).AsSpan(0, 50));
        Assert.Equal(("", 0, 0), Tell(await ReadAsync(default)));
        ledger.AppendRaw(0, Frame(1).AsSpan(50));
        Assert.Equal(("1", Frame(1).Length, 0), Tell(await ReadAsync(default)));
    }

    [Fact]
    public async Task Bytes_that_can_be_no_frame_are_passed_over_at_once()
    {
        var broken = Frame(1);
        broken[^1] ^= 1;
        ledger.AppendRaw(0, broken);
        ledger.AppendRaw(0, "garbage"u8);
        Assert.Equal(("", broken.Length + 7, broken.Length + 7), Tell(await ReadAsync(default)));
    }

    [Fact]
    public async Task A_torn_end_of_a_closed_segment_is_passed_over()
    {
        ledger.AppendRaw(0, Frame(1).AsSpan(0, 50));
        ledger.Roll(0);
        Assert.Equal(new LanePosition(1, 0), (await ReadAsync(default)).Next);
        ledger.AppendRaw(0, Frame(2));
        var read = await ReadAsync(default);
        Assert.Equal(("2", Frame(2).Length, 50), Tell(read));
        Assert.Equal(1, read.Next.Segment);
    }

    [Fact]
    public async Task A_frame_larger_than_what_is_left_of_a_read_is_read_by_the_next_one()
    {
        for (var i = 0; i < 5; i++)
        {
            ledger.AppendRaw(0, LaneFrameTests.Frame(i, [.. Enumerable.Range(0, 60).Select(_ => new byte[15_000])]));
        }

        var first = await ReadAsync(default);
        Assert.Equal(4 * 60, first.Entries.Count);
        Assert.Equal(60, (await ReadAsync(first.Next)).Entries.Count);
    }

    /// <summary>
    /// A commit says up to where its lanes were read. Whoever applies it again, whenever, must find the same entries:
    /// that is what a tree is rebuilt from.
    /// </summary>
    [Fact]
    public void Up_to_a_position_that_was_reached_the_same_is_read_whatever_was_appended_since()
    {
        var piece = Gen.Select(Gen.Int[0, 5], Gen.Int[1, 400], Gen.Int[1, 90]);
        piece.Array[1, 12].Sample(pieces =>
        {
            var memory = new MemoryLedger(new Faults());
            var (position, reads) = (default(LanePosition), new List<(LanePosition From, LaneEntries Read)>());
            var seen = new List<string>();
            foreach (var (kind, size, cut) in pieces)
            {
                Append(memory, kind, size, cut);
                var read = LaneReader.ReadAsync(memory, 0, position, null, CancellationToken.None).GetAwaiter().GetResult();
                reads.Add((position, read));
                position = read.Next;
                seen.AddRange(Texts(read));
            }

            var again = reads.SelectMany(step => Texts(LaneReader.ReadAsync(
                memory, 0, step.From, step.Read.Next, CancellationToken.None).GetAwaiter().GetResult()));
            var ends = reads.TrueForAll(step => LaneReader.ReadAsync(
                memory, 0, step.From, step.Read.Next, CancellationToken.None).GetAwaiter().GetResult().Next == step.Read.Next);
            return ends && seen.SequenceEqual(again);
        }, iter: 2_000);

        static void Append(MemoryLedger memory, int kind, int size, int cut)
        {
            var frame = LaneFrameTests.Frame(size, Encoding.ASCII.GetBytes($"{size}-{cut}"), new byte[size]);
            switch (kind)
            {
                case 0:
                    memory.AppendRaw(0, frame.AsSpan(0, Math.Min(cut, frame.Length)));
                    break;
                case 1:
                    memory.AppendRaw(0, Encoding.ASCII.GetBytes("RPL1" + new string('\0', cut)));
                    break;
                case 2:
                    frame[cut % frame.Length] ^= 1;
                    memory.AppendRaw(0, frame);
                    break;
                case 3:
                    memory.Roll(0);
                    break;
                default:
                    memory.AppendRaw(0, frame);
                    break;
            }
        }
    }

    private static byte[] Frame(int n) => LaneFrameTests.Frame(n, Encoding.ASCII.GetBytes($"{n}"));

    private static IEnumerable<string> Texts(LaneEntries read) =>
        read.Entries.Select(entry => Encoding.ASCII.GetString(entry.Span));

    private static (string Entries, long Offset, long Skipped) Tell(LaneEntries read) =>
        (string.Join(' ', Texts(read)), read.Next.Offset, read.SkippedBytes);

    private Task<LaneEntries> ReadAsync(LanePosition from) =>
        LaneReader.ReadAsync(ledger, 0, from, null, CancellationToken.None);
}
