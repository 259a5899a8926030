using System.IO.Compression;
using System.Text;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

public sealed class GzipTests
{
    private static readonly StreamPlan Plan = new(AddressBits.Default, HostNames.Keep, []);
    private static readonly byte[] Plain = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 2_000).Select(n => $"203.0.113.{n % 256} - - GET /{n * 7919}\n")));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Whole_members_are_rewritten_whole(int members)
    {
        var content = Enumerable.Repeat(Gzip(Plain), members).SelectMany(bytes => bytes).ToArray();
        var expected = Enumerable.Repeat(await RewriteAsync(Plain), members).SelectMany(bytes => bytes).ToArray();
        Assert.Equal(expected, Inflate(await RewriteAsync(content)));
        Assert.Equal(expected, Inflate(RewriteDirectly(content)));
    }

    [Fact]
    public async Task An_empty_member_is_whole() => Assert.Empty(Inflate(await RewriteAsync(Gzip([]))));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Content_that_is_cut_anywhere_is_refused(int members)
    {
        var whole = Enumerable.Repeat(Gzip(Plain), members).SelectMany(bytes => bytes).ToArray();
        var boundary = whole.Length / members;
        foreach (var length in Enumerable.Range(2, 200).Concat(Enumerable.Range(whole.Length - 200, 200)).Concat(Enumerable.Range(boundary - 20, 40)))
        {
            // Where one whole member was cut from two, nothing can tell.
            if (length < whole.Length && length != boundary)
            {
                await AssertRefusedAsync(whole[..length], $"cut at {length}");
            }
        }
    }

    [Fact]
    public async Task A_byte_that_was_changed_anywhere_is_refused_or_changes_nothing()
    {
        var whole = Gzip(Plain);
        var expected = Inflate(await RewriteAsync(whole));
        for (var at = 2; at < whole.Length; at += 13)
        {
            var changed = whole.ToArray();
            changed[at] ^= 0x5a;
            try
            {
                // Time, name and system in the header are the member's, not the content's.
                Assert.Equal(expected, Inflate(await RewriteAsync(changed)));
                Assert.True(at < 10, $"byte {at} is not noticed");
            }
            catch (UnreadableContentException refused)
            {
                Assert.Equal("corrupt-gzip", refused.Reason);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(512)]
    public Task What_stands_behind_the_last_member_is_not_dropped_in_silence(int bytes) =>
        AssertRefusedAsync([.. Gzip(Plain), .. new byte[bytes]], $"{bytes} bytes behind the end");

    [Fact]
    public async Task A_search_in_content_that_was_cut_says_that_it_cannot_tell()
    {
        var whole = Gzip(Plain);
        Assert.False(await SubjectSearch.ContainsAnyAsync(new MemoryStream(whole), ["nobody"], long.MaxValue, CancellationToken.None));
        await Assert.ThrowsAsync<UnreadableContentException>(() =>
            SubjectSearch.ContainsAnyAsync(new MemoryStream(whole[..^9]), ["nobody"], long.MaxValue, CancellationToken.None));
    }

    private static async Task AssertRefusedAsync(byte[] content, string what)
    {
        var refused = await Record.ExceptionAsync(() => RewriteAsync(content));
        Assert.True(refused is UnreadableContentException { Reason: "corrupt-gzip" }, $"{what}: {refused?.GetType().Name ?? "accepted"}");
        var direct = Record.Exception(() => RewriteDirectly(content));
        Assert.True(direct is UnreadableContentException { Reason: "corrupt-gzip" }, $"{what}: {direct?.GetType().Name ?? "accepted"}");
    }

    private static async Task<byte[]> RewriteAsync(byte[] content)
    {
        using var written = new MemoryStream();
        await StreamRewriter.RewriteAsync(new MemoryStream(content), written, Plan, CancellationToken.None);
        return written.ToArray();
    }

    private static byte[] RewriteDirectly(byte[] content)
    {
        using var written = new MemoryStream();
        StreamRewriter.Rewrite(new MemoryStream(content), written, Plan, null, CancellationToken.None);
        return written.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        using var written = new MemoryStream();
        using (var deflated = new GZipStream(written, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflated.Write(content);
            if (content.Length == 0)
            {
                // Else .NET writes no member at all.
                deflated.Flush();
            }
        }

        return written.ToArray();
    }

    private static byte[] Inflate(byte[] content)
    {
        using var plain = new MemoryStream();
        using var inflated = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
        inflated.CopyTo(plain);
        return plain.ToArray();
    }
}
