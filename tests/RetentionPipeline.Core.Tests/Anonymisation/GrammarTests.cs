using System.Buffers;
using System.IO.Compression;
using System.Text;
using CsCheck;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>Every rule of the address grammar in both directions, and what must hold for every input.</summary>
public sealed class GrammarTests
{
    [Theory]
    [InlineData("203.0.113.77", "203.0.113.0")]
    [InlineData("192.168.001.010", "192.168.001.000")]
    [InlineData("10.0.0.1-10.0.0.20", "10.0.0.0-10.0.0.0")]
    [InlineData("10.0.0.1..10.0.0.9", "10.0.0.0..10.0.0.0")]
    [InlineData("203.0.113.77.example.net", "203.0.113.0.example.net")]
    [InlineData("203.0.113.77.6to4.example", "203.0.113.0.6to4.example")]
    [InlineData("203.0.113.77:8080", "203.0.113.0:8080")]
    [InlineData("a_203.0.113.77_b", "a_203.0.113.0_b")]
    [InlineData("2001:db8:a:b::1", "2001:db8:a::")]
    [InlineData("[2001:DB8:A:B::1]:443", "[2001:db8:a::]:443")]
    [InlineData("fe80::1%eth0", "fe80::%eth0")]
    [InlineData("::ffff:203.0.113.77", "::ffff:203.0.113.0")]
    [InlineData("::ffff:c633:6417", "::ffff:c633:6400")]
    [InlineData("2002:cb00:714d:1::1", "2002:cb00:7100::")]
    [InlineData("client:203.0.113.7", "client:203.0.113.0")]
    [InlineData("ip:2001:db8::1", "ip:2001:db8::")]
    [InlineData("node:2001:db8::1", "node:2001:db8::")]
    [InlineData("2001:db8::1.443", "2001:db8::.443")]
    [InlineData("2001:db8:1:2:3:4:5:6:51234", "2001:db8:1:0:0:0:0:0:51234")]
    [InlineData("\\n203.0.113.77", "\\n203.0.113.0")]
    [InlineData("\\u003c203.0.113.77", "\\u003c203.0.113.0")]
    [InlineData("ip%3D203.0.113.77", "ip%3D203.0.113.0")]
    [InlineData("2001%3Adb8%3Aa%3Ab%3A%3A1", "2001%3Adb8%3Aa%3A%3A")]
    [InlineData("\u001b[32m203.0.113.77", "\u001b[32m203.0.113.0")]
    [InlineData("\\x1b[1;32m203.0.113.77", "\\x1b[1;32m203.0.113.0")]
    [InlineData("77.113.0.203.in-addr.arpa", "0.113.0.203.in-addr.arpa")]
    [InlineData("Chrome/110.0.123.45", "Chrome/110.0.123.0")]
    [InlineData("12:34:56:2001:db8::1", "12:34:56::")]
    public void An_address_is_cut(string text, string expected) => Assert.Equal(expected, Cut(text));

    [Theory]
    [InlineData("1.2.3.4.5")]
    [InlineData("10.0.0.1.443")]
    [InlineData("256.1.1.1")]
    [InlineData("1.2.3")]
    [InlineData("01.2.3.4")]
    [InlineData("x1.2.3.4")]
    [InlineData("1.2.3.4a")]
    [InlineData("12:34:56")]
    [InlineData("00:1a:2b:3c:4d:5e")]
    [InlineData("aa:bb:cc:dd:ee:ff:00:11")]
    [InlineData("std::vector")]
    [InlineData("550e8400-e29b-41d4-a716-446655440000")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7:8:9:10")]
    [InlineData("203.0.113.0")]
    [InlineData("2001:DB8:A::")]
    [InlineData("::")]
    public void What_is_no_address_or_cut_already_is_left_byte_for_byte(string text) => Assert.Equal(text, Cut(text));

    [Theory]
    [InlineData("customer-187-141-143-180-sta.example", "customer-0-141-143-0-sta.example")]
    [InlineData("dsl-082-083-227-067.example", "dsl-0-083-227-0.example")]
    [InlineData("h64-187-1-131.example", "h0-187-1-0.example")]
    [InlineData("ip-10-11-12-13", "ip-0-11-12-0")]
    [InlineData("log-24-01-02-03.gz", "log-24-01-02-03.gz")]
    [InlineData("a-1-2-3-4-5.example", "a-1-2-3-4-5.example")]
    [InlineData("a-1-2-3.example", "a-1-2-3.example")]
    public void A_host_name_that_spells_out_an_address_loses_its_ends(string text, string expected) => Assert.Equal(expected, Cut(text, HostNames.Truncate));

    [Fact]
    public void For_every_input_cuts_do_not_matter_twice_is_once_and_no_line_grows_or_goes()
    {
        string[] pieces = ["203.0.113.77", "2001:db8:1:2::9", "::ffff:1.2.3.4", ":", ".", " ", "\n", "a", "%3A", "-", "10", "\\n", "\u001b[1m", "0", "::", "1.2.3.4.5", "x-1-2-3-4.y", "é"];
        var texts = Gen.Int[0, pieces.Length - 1].List[0, 30].Select(places => string.Concat(places.Select(place => pieces[place])));
        Gen.Select(texts, Gen.Int[1, 7]).Sample((text, step) =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var once = Run(bytes, bytes.Length + 1);
            Assert.Equal(once, Run(bytes, step));
            Assert.Equal(once, Run(once, once.Length + 1));
            var (before, after) = (Lines(bytes), Lines(once));
            Assert.Equal(before.Length, after.Length);
            Assert.All(before.Zip(after), pair => Assert.True(pair.Second.Length <= pair.First.Length));
        }, iter: 5_000);
    }

    [Fact]
    public async Task What_was_compressed_stays_compressed_and_damage_is_told()
    {
        var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync("203.0.113.77 x\n"u8.ToArray());
        }

        var output = new MemoryStream();
        var plan = new StreamPlan(AddressBits.Default, HostNames.Keep, []);
        var statistics = await StreamRewriter.RewriteAsync(new MemoryStream(packed.ToArray()), output, plan, CancellationToken.None);
        Assert.Equal((1, 1), (statistics.Lines, statistics.Changed));
        using var reader = new StreamReader(new GZipStream(new MemoryStream(output.ToArray()), CompressionMode.Decompress));
        Assert.Equal("203.0.113.0 x\n", await reader.ReadToEndAsync());
        var damaged = packed.ToArray();
        damaged[12] ^= 0xff;
        var failure = await Assert.ThrowsAsync<UnreadableContentException>(() =>
            StreamRewriter.RewriteAsync(new MemoryStream(damaged), new MemoryStream(), plan, CancellationToken.None));
        Assert.Equal("corrupt-gzip", failure.Reason);
    }

    [Fact]
    public async Task A_persons_lines_are_dropped_and_others_that_only_contain_the_identifier_stay()
    {
        var output = new MemoryStream();
        var plan = new StreamPlan(null, HostNames.Keep, ["ann@x.example", "C123"]);
        await StreamRewriter.RewriteAsync(
            new MemoryStream("a ann@x.example b\njoann@x.example\nann@x.examples\nq=Ann%40x.example&r\nC1234\nid=c123\nnothing\n"u8.ToArray()),
            output, plan, CancellationToken.None);
        Assert.Equal("joann@x.example\nann@x.examples\nC1234\nnothing\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    private static string Cut(string text, HostNames hosts = HostNames.Keep)
    {
        var engine = new StreamAnonymiser(new StreamPlan(AddressBits.Default, hosts, []));
        var output = new ArrayBufferWriter<byte>();
        engine.Write(Encoding.UTF8.GetBytes(text), output);
        engine.Complete(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static byte[] Run(byte[] input, int step)
    {
        var engine = new StreamAnonymiser(new StreamPlan(AddressBits.Default, HostNames.Truncate, []));
        var output = new ArrayBufferWriter<byte>();
        for (var at = 0; at < input.Length; at += step)
        {
            engine.Write(input.AsSpan(at, Math.Min(step, input.Length - at)), output);
        }

        engine.Complete(output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[][] Lines(byte[] bytes) => [.. Encoding.Latin1.GetString(bytes).Split('\n').Select(Encoding.Latin1.GetBytes)];
}
