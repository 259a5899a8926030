using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Ledger.Tests.Vectors;

namespace RetentionPipeline.Ledger.Tests;

public class LeafTests
{
    private static readonly DateTimeOffset At = new(2026, 2, 28, 23, 59, 59, 999, TimeSpan.Zero);

    [Fact]
    public void The_second_implementation_writes_the_same_leaves()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Vector.At("leaves")[i]!.GetValue<string>(), Encoding.UTF8.GetString(Vector.SampleLeaf(i)));
        }
    }

    [Fact]
    public void A_leaf_is_read_as_it_was_written()
    {
        var leaf = Leaf.Parse(Leaf.Encode("scan", "s-1", "close", At, new JsonObject { ["count"] = 7 }));
        Assert.Equal(new LeafKey("scan", "s-1", "close"), leaf.Key);
        Assert.Equal(At, leaf.At);
        Assert.Equal(7, (int)leaf.Body["count"]!);
    }

    [Fact]
    public void A_time_is_written_in_utc_and_cut_to_the_millisecond()
    {
        var elsewhere = new DateTimeOffset(2026, 3, 1, 0, 59, 59, 999, TimeSpan.FromHours(1)).AddTicks(9_999);
        Assert.Equal(At, Leaf.Parse(Leaf.Encode("scan", "s-1", "", elsewhere, [])).At);
    }

    [Fact]
    public void A_body_may_be_encoded_twice_and_belong_to_something()
    {
        var body = new JsonObject { ["count"] = 7 };
        var owner = new JsonObject { ["body"] = body };
        Assert.Equal(Leaf.Encode("scan", "s-1", "", At, body), Leaf.Encode("scan", "s-1", "", At, body));
        Assert.Same(owner, body.Parent);
    }

    [Fact]
    public void A_leaf_of_15_KiB_is_the_largest()
    {
        var rest = Leaf.MaxBytes - Leaf.Encode("scan", "s-1", "", At, new JsonObject { ["a"] = "" }).Length;
        var largest = Leaf.Encode("scan", "s-1", "", At, new JsonObject { ["a"] = new string('a', rest) });
        Assert.Equal(Leaf.MaxBytes, largest.Length);
        Assert.Equal("scan", Leaf.Parse(largest).Type);
        Assert.Throws<ArgumentException>(
            () => Leaf.Encode("scan", "s-1", "", At, new JsonObject { ["a"] = new string('a', rest + 1) }));

        var tooLarge = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(largest).Replace("\"aa", "\"aaa", StringComparison.Ordinal));
        Assert.Equal(LeafFormatException.TooLarge, Assert.Throws<LeafFormatException>(() => Leaf.Parse(tooLarge)).Reason);
    }

    [Theory]
    [InlineData("", "id", "")]
    [InlineData("scan", "", "")]
    [InlineData("sc an", "id", "")]
    [InlineData("scan", "i\nd", "")]
    [InlineData("scan", "id", "pärt")]
    public void A_name_that_is_not_printable_ascii_is_refused(string type, string id, string part) =>
        Assert.Throws<ArgumentException>(() => Leaf.Encode(type, id, part, At, []));

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":{},"id":"i","part":"","type":"t","v":2}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":{},"id":"i","part":"","type":"t","v":"1"}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.99Z","body":{},"id":"i","part":"","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-30T23:59:59.999Z","body":{},"id":"i","part":"","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999+","body":{},"id":"i","part":"","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":[],"id":"i","part":"","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":{},"id":1,"part":"","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":{},"id":"","part":"","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":{},"id":"i j","part":"","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":{},"id":"i","type":"t","v":1}""")]
    [InlineData("""{"at":"2026-02-28T23:59:59.999Z","body":{},"id":"i","part":"","type":"t","u":1,"v":1}""")]
    public void An_envelope_that_is_not_of_version_1_is_refused(string json)
    {
        var problem = Assert.Throws<LeafFormatException>(() => Leaf.Parse(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(LeafFormatException.NoEnvelope, problem.Reason);
        Assert.Null(Leaf.TryReadKey(Encoding.UTF8.GetBytes(json)));
    }

    [Theory]
    [InlineData("plain", "p-1")]
    [InlineData("say \"so\"\n", "")]
    public void The_key_is_read_alone_as_it_is_with_all_the_rest(string text, string part)
    {
        var bytes = Leaf.Encode("scan", "s-\\1", part, At, new JsonObject { ["a"] = text });
        Assert.Equal(Leaf.Parse(bytes).Key, Leaf.TryReadKey(bytes));
        Assert.Null(Leaf.TryReadKey([.. bytes, (byte)' ']));
    }
}
