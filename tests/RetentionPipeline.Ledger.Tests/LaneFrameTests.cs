using RetentionPipeline.Ledger.Tests.Vectors;

namespace RetentionPipeline.Ledger.Tests;

public class LaneFrameTests
{
    private static readonly Guid Writer = new([.. Enumerable.Range(0, 16).Select(i => (byte)i)], bigEndian: true);

    [Fact]
    public void The_second_implementation_makes_the_same_frame()
    {
        var frame = Frame(7, Vector.SampleLeaf(0), Vector.SampleLeaf(1));
        Assert.Equal(Vector.Text("frame"), Convert.ToHexStringLower(frame));
        var read = LaneFrame.Decode(frame);
        Assert.Equal((FrameKind.Whole, frame.Length), (read.Kind, read.Length));
        Assert.Equal([Vector.SampleLeaf(0), Vector.SampleLeaf(1)], read.Entries.Select(entry => entry.ToArray()));
    }

    [Fact]
    public void A_frame_cut_anywhere_is_incomplete_and_a_changed_one_is_none()
    {
        var frame = Frame(1, "leaf"u8.ToArray());
        for (var at = 0; at < frame.Length; at++)
        {
            Assert.Equal(FrameKind.Incomplete, LaneFrame.Decode(frame.AsMemory(0, at)).Kind);
            var changed = frame.ToArray();
            changed[at] ^= 1;
            Assert.NotEqual(FrameKind.Whole, LaneFrame.Decode(changed).Kind);
        }
    }

    [Fact]
    public void What_follows_a_frame_does_not_matter() =>
        Assert.Equal(FrameKind.Whole, LaneFrame.Decode((byte[])[.. Frame(1, "leaf"u8.ToArray()), 1, 2, 3]).Kind);

    [Fact]
    public void The_lane_of_a_thing_is_the_same_in_the_second_implementation()
    {
        foreach (var (id, lane) in Vector.At("lanes").AsObject())
        {
            Assert.Equal((int)lane!, LaneWriter.LaneOf(id));
        }
    }

    internal static byte[] Frame(long sequence, params byte[][] entries) => LaneFrame.Encode(
        Writer, sequence, entries.Length, EntryBundle.Encode([.. entries.Select(entry => (ReadOnlyMemory<byte>)entry)]));
}
