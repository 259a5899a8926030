using System.Diagnostics.Tracing;
using System.Globalization;
using System.Net;
using Azure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.Stores.Tests.Secrets;

/// <summary>What a vault does that a folder does not.</summary>
public sealed class VaultTroubleTests : IDisposable
{
    private const string Key = "data-key";
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeVault vault = new(new SimulatedTime(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)));

    public void Dispose() => vault.Dispose();

    [Fact]
    public async Task Of_two_writes_in_one_second_all_take_the_same_whichever_is_listed_first()
    {
        // The second write has the smaller id: who decides before the second is over takes the other one.
        vault.NewId = number => (1000 - number).ToString("x32", CultureInfo.InvariantCulture);
        var second = Convert.ToBase64String(Enumerable.Repeat((byte)2, 32).ToArray());
        vault.After = asked =>
        {
            // The other's write arrives when the first has listed its own already.
            if (asked.EndsWith("/versions", StringComparison.Ordinal) && vault.CountOf(Key) == 1)
            {
                vault.Put(Key, second);
            }
        };
        var first = await vault.Open().GetOrCreateAsync(Key, None);
        Assert.Equal(2, vault.CountOf(Key));
        Assert.Equal(first, await vault.Open().GetOrCreateAsync(Key, None));
    }

    [Fact]
    public async Task A_secret_is_not_used_before_its_age_is_settled_and_at_once_afterwards()
    {
        var from = vault.Time.GetUtcNow();
        var made = await vault.Open().GetOrCreateAsync(Key, None);
        Assert.Equal(TimeSpan.FromSeconds(5), vault.Time.GetUtcNow() - from);
        from = vault.Time.GetUtcNow();
        Assert.Equal(made, await vault.Open().FindAsync(Key, None));
        Assert.Equal(from, vault.Time.GetUtcNow());
        Assert.Equal(1, vault.CountOf(Key));
    }

    [Fact]
    public async Task What_a_maker_left_that_died_after_its_write_is_the_secret()
    {
        using var died = new CancellationTokenSource();
        vault.After = asked =>
        {
            if (asked.StartsWith("PUT", StringComparison.Ordinal))
            {
                died.Cancel();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => vault.Open().GetOrCreateAsync(Key, died.Token));
        vault.After = _ => { };
        await vault.Open().GetOrCreateAsync(Key, None);
        Assert.Equal(1, vault.CountOf(Key));
    }

    [Fact]
    public async Task A_write_that_is_sent_again_and_versions_made_by_hand_change_nothing()
    {
        var failures = 0;
        vault.Before = asked =>
        {
            // Written, and answered with a failure: the SDK sends it again.
            if (asked.StartsWith("PUT", StringComparison.Ordinal) && failures == 0)
            {
                failures++;
                vault.Put(Key, Convert.ToBase64String(new byte[32]));
                return Soon(HttpStatusCode.ServiceUnavailable);
            }

            return null;
        };
        var made = await vault.Open().GetOrCreateAsync(Key, None);
        Assert.Equal(new byte[32], made);
        for (var version = 0; version < 7; version++)
        {
            vault.Time.Advance(TimeSpan.FromDays(1));
            vault.Put(Key, Convert.ToBase64String(Enumerable.Repeat((byte)version, 32).ToArray()));
        }

        Assert.Equal(9, vault.CountOf(Key));
        Assert.Equal(made, await vault.Open().FindAsync(Key, None));
        Assert.Equal(made, await vault.Open().GetOrCreateAsync(Key, None));
    }

    [Theory, InlineData("an empty list"), InlineData("404")]
    public async Task A_deleted_secret_is_refused_until_it_is_purged_and_then_it_was_never_there(string missing)
    {
        vault.IsStrict = missing == "404";
        var made = await vault.Open().GetOrCreateAsync(Key, None);
        vault.Delete(Key);
        await Assert.ThrowsAsync<SecretRefusedException>(() => vault.Open().FindAsync(Key, None));
        await Assert.ThrowsAsync<SecretRefusedException>(() => vault.Open().GetOrCreateAsync(Key, None));
        Assert.Equal(1, vault.CountOf(Key));
        vault.Purge(Key);
        Assert.Null(await vault.Open().FindAsync(Key, None));
        Assert.NotEqual(made, await vault.Open().GetOrCreateAsync(Key, None));
    }

    [Fact]
    public async Task A_secret_that_is_deleted_between_the_look_and_the_write_is_refused()
    {
        vault.Put(Key, Convert.ToBase64String(new byte[32]));
        vault.Before = asked =>
        {
            if (asked.StartsWith("PUT", StringComparison.Ordinal))
            {
                vault.Delete(Key);
            }

            // It was not there when it was looked for.
            return vault.Asked.Count <= 2 ? FakeVault.Error(HttpStatusCode.NotFound, "SecretNotFound") : null;
        };
        await Assert.ThrowsAsync<SecretRefusedException>(() => vault.Open().GetOrCreateAsync(Key, None));
    }

    [Fact]
    public async Task A_disabled_oldest_version_is_refused_though_there_is_a_younger_one()
    {
        vault.Put(Key, Convert.ToBase64String(new byte[32]), isEnabled: false);
        vault.Time.Advance(TimeSpan.FromDays(1));
        vault.Put(Key, Convert.ToBase64String(new byte[32]));
        var refused = await Assert.ThrowsAsync<SecretRefusedException>(() => vault.Open().GetOrCreateAsync(Key, None));
        Assert.Contains("disabled", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, vault.CountOf(Key));
    }

    [Theory, InlineData("no-key-but-a-password"), InlineData("AAAA"), InlineData("")]
    public async Task What_is_no_key_is_refused_and_not_quoted(string value)
    {
        vault.Put(Key, value);
        vault.Time.Advance(TimeSpan.FromDays(1));
        var refused = await Assert.ThrowsAsync<SecretRefusedException>(() => vault.Open().FindAsync(Key, None));
        Assert.True(value.Length == 0 || !refused.Message.Contains(value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_vault_that_is_asked_too_much_is_asked_again_and_one_that_stays_so_is_a_failure()
    {
        var left = 2;
        vault.Before = _ => left-- > 0 ? Soon(HttpStatusCode.TooManyRequests) : null;
        Assert.Equal(32, (await vault.Open().GetOrCreateAsync(Key, None)).Length);
        left = int.MaxValue;
        Assert.Equal(429, (await Assert.ThrowsAsync<RequestFailedException>(() => vault.Open().FindAsync(Key, None))).Status);
        vault.Before = _ => FakeVault.Error(HttpStatusCode.Forbidden, "Forbidden");
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => vault.Open().GetOrCreateAsync(Key, None))).Status);
    }

    [Fact]
    public async Task A_vault_that_lets_nobody_purge_says_until_when_a_deleted_key_can_be_recovered_and_when_it_is_gone()
    {
        vault.IsProtected = true;
        await vault.Open().GetOrCreateAsync(Key, None);
        var kept = Assert.IsType<SecretEnd.Recoverable>(await vault.Open().DestroyAsync(Key, None));
        Assert.Equal(vault.DeletedUntil, kept.Until);
        await Assert.ThrowsAsync<SecretRefusedException>(() => vault.Open().FindAsync(Key, None));
        Assert.Equal(kept, await vault.Open().DestroyAsync(Key, None));
        vault.Purge(Key);
        Assert.IsType<SecretEnd.Gone>(await vault.Open().DestroyAsync(Key, None));
        Assert.Equal(0, vault.CountOf(Key));
    }

    [Theory, InlineData(0, "404"), InlineData(3, "an empty list"), InlineData(6, "404")]
    public async Task What_a_vault_has_not_finished_deleting_is_not_gone_although_no_list_shows_it(int lag, string missing)
    {
        (vault.Lag, vault.IsStrict) = (lag, missing == "404");
        await vault.Open().GetOrCreateAsync(Key, None);
        Assert.IsType<SecretEnd.Gone>(await vault.Open().DestroyAsync(Key, None));
        Assert.Equal(0, vault.CountOf(Key));
    }

    [Fact]
    public async Task A_key_that_was_deleted_by_hand_is_purged()
    {
        await vault.Open().GetOrCreateAsync(Key, None);
        vault.Delete(Key);
        Assert.IsType<SecretEnd.Gone>(await vault.Open().DestroyAsync(Key, None));
        Assert.Equal(0, vault.CountOf(Key));
    }

    [Fact]
    public async Task Who_may_not_delete_is_told_so_and_nothing_is_gone()
    {
        await vault.Open().GetOrCreateAsync(Key, None);
        vault.Before = asked => asked.StartsWith("DELETE", StringComparison.Ordinal) ? FakeVault.Error(HttpStatusCode.Forbidden, "Forbidden") : null;
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => vault.Open().DestroyAsync(Key, None))).Status);
        Assert.Equal(1, vault.CountOf(Key));
    }

    [Fact]
    public async Task The_SDK_logs_nothing_of_it()
    {
        using var listener = new Listener();
        await vault.Open().GetOrCreateAsync("a-secret-to-listen-for", None);
        Assert.DoesNotContain(listener.Events, text => text.Contains("a-secret-to-listen-for", StringComparison.Ordinal));
    }

    private static HttpResponseMessage Soon(HttpStatusCode status)
    {
        var answer = FakeVault.Error(status, "Throttled");
        answer.Headers.Add("retry-after-ms", "1");
        return answer;
    }

    private sealed class Listener : EventListener
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Events { get; } = new();

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name.StartsWith("Azure", StringComparison.Ordinal))
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            Events.Enqueue(string.Join(' ', eventData.Payload ?? (IEnumerable<object?>)[]));
    }
}
