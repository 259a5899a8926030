using System.Security.Cryptography.X509Certificates;
using System.Text;
using RetentionPipeline.Adapters.Anchors;
using RetentionPipeline.Core.Evidence;

namespace RetentionPipeline.Stores.Tests.Anchors;

/// <summary>Time stamps of an authority that openssl is, judged by us and by openssl.</summary>
public sealed class TimeStampTests : IAsyncLifetime
{
    private static readonly byte[] Note = "log.example/t\n1\nAAAA\n\n— log.example/t AAAAAA\n"u8.ToArray();
    private OpensslAuthority authority = null!;

    public async Task InitializeAsync() => authority = await OpensslAuthority.StartAsync();

    public Task DisposeAsync()
    {
        authority.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_stamp_is_got_checked_and_verified_by_openssl_too()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-2);
        var proof = await AskAsync();
        Assert.InRange(proof.At, before, DateTimeOffset.UtcNow.AddSeconds(2));
        Assert.Equal(proof.At, TimeStampCheck.Verify(proof.Bytes, Note, authority.Roots));
        File.WriteAllBytes(Path.Combine(authority.Folder, "note"), Note);
        File.WriteAllBytes(Path.Combine(authority.Folder, "stamp.tsr"), proof.Bytes.ToArray());
        var (code, output) = await authority.RunAsync("ts", "-verify", "-in", "stamp.tsr", "-data", "note", "-CAfile", "root.pem");
        Assert.True(code == 0, output);
        Assert.Contains("Verification: OK", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stamp_over_something_else_or_under_another_root_is_refused()
    {
        var proof = await AskAsync();
        Assert.Contains("not over this checkpoint", Refused(proof.Bytes.ToArray(), [.. Note, 1], authority.Roots), StringComparison.Ordinal);
        using var other = await OpensslAuthority.StartAsync();
        Assert.Contains("no root that was given", Refused(proof.Bytes.ToArray(), Note, other.Roots), StringComparison.Ordinal);
        Assert.Contains("no root that was given", Refused(proof.Bytes.ToArray(), Note, []), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stamp_with_any_byte_changed_is_refused_or_says_the_same()
    {
        var proof = await AskAsync();
        var bytes = proof.Bytes.ToArray();
        var refused = 0;
        for (var at = 0; at < bytes.Length; at++)
        {
            var changed = bytes.ToArray();
            changed[at] ^= 1;
            try
            {
                // Bytes that nothing is signed over, as an unused certificate's, may change; what is proved may not.
                Assert.Equal(proof.At, TimeStampCheck.Verify(changed, Note, authority.Roots));
            }
            catch (AnchorRefusedException)
            {
                refused++;
            }
        }

        Assert.True(refused > bytes.Length / 4, $"{refused} of {bytes.Length} refused");
    }

    [Fact]
    public async Task What_is_no_answer_to_the_question_is_refused()
    {
        var first = await AskAsync();
        authority.Change = _ => first.Bytes.ToArray();
        Assert.Contains("does not answer", (await Assert.ThrowsAsync<AnchorRefusedException>(AskAsync)).Message, StringComparison.Ordinal);
        authority.Change = _ => Encoding.ASCII.GetBytes("no answer");
        await Assert.ThrowsAsync<AnchorRefusedException>(AskAsync);
        authority.Change = _ => new byte[70_000];
        await Assert.ThrowsAsync<AnchorRefusedException>(AskAsync);
        authority.Status = 503;
        await Assert.ThrowsAsync<HttpRequestException>(AskAsync);
    }

    private static string Refused(byte[] response, byte[] note, X509Certificate2Collection roots) =>
        Assert.Throws<AnchorRefusedException>(() => TimeStampCheck.Verify(response, note, roots)).Message;

    private async Task<AnchorProof> AskAsync()
    {
        using var http = new HttpClient();
        return await new TimeStampAuthority("test", authority.Address, authority.Roots, http).AnchorAsync(new AnchorRequest(Note), CancellationToken.None);
    }
}
