using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Stores.Tests.Ledgers;

/// <summary>Whether the doctor sees what the policies of a ledger's containers protect.</summary>
public sealed class LockTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SimulatedTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("Locked", 30, LockState.Locked)]
    [InlineData("Unlocked", 30, LockState.Unlocked)]
    [InlineData("Locked", 0, LockState.None)]
    public async Task The_resource_manager_says_whether_a_policy_is_locked(string state, int days, LockState expected)
    {
        using var account = new WormAccount(seed: 1) { IsLocked = state == "Locked", Days = days };
        var health = await ExamineAsync(account, isManaged: "managed");
        Assert.Equal(["ledger-wal", "ledger"], health.Locks.Select(one => one.Container));
        Assert.All(health.Locks, one => Assert.Equal((expected, days == 0 ? null : (int?)days), (one.State, one.Days)));
        Assert.Equal(expected is LockState.Locked ? 0 : 2, health.Limits().Count(limit => limit.Contains("ledger", StringComparison.Ordinal) && limit.Contains("olicy", StringComparison.Ordinal)));
        Assert.Equal(expected is LockState.Unlocked, health.Limits().Any(limit => limit.EndsWith("is not locked: it protects nothing yet.", StringComparison.Ordinal)));
        Assert.Empty(health.Troubles());
        Assert.Empty(account.Forbidden);
    }

    [Theory]
    [InlineData(30, LockState.Unseen)]
    [InlineData(0, LockState.None)]
    public async Task Without_the_resource_only_that_there_is_one_is_seen(int days, LockState expected)
    {
        using var account = new WormAccount(seed: 1) { Days = days };
        var health = await ExamineAsync(account, isManaged: "");
        Assert.All(health.Locks, one => Assert.Equal((expected, null, null), (one.State, one.Days, one.AllowsAppends)));
        Assert.Equal(TrustGrade.C, health.Grade);
    }

    /// <summary>The lanes of such an account stop, see <see cref="WormLedgerTests"/>: the doctor says so before.</summary>
    [Fact]
    public async Task Locked_lanes_that_cannot_grow_are_trouble()
    {
        using var account = new WormAccount(seed: 1) { AllowsProtectedAppends = false };
        var locks = await new BlobLedgerLocks(LedgerContainers.In(account.Service()), Manager(account)).ReadAsync(None);
        Assert.All(locks, one => Assert.False(one.AllowsAppends));
        Assert.Contains("the ledger needs another container", Assert.Single(Health(locks).Troubles(), trouble => trouble.Contains("appends", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory, InlineData(403), InlineData(401)]
    public async Task Who_may_not_ask_is_told_so_and_nothing_is_taken_for_locked(int status)
    {
        using var account = new WormAccount(seed: 1) { ManagerRefuses = status };
        var refused = await Assert.ThrowsAsync<RequestFailedException>(() => ExamineAsync(account, isManaged: "managed"));
        Assert.Equal(status, refused.Status);
    }

    private LedgerHealth Health(IReadOnlyList<ContainerLock> locks) =>
        new(time.GetUtcNow(), 1, null, null, new LaneReport(0, [], 0, []), [], [], locks, []);

    private async Task<LedgerHealth> ExamineAsync(WormAccount account, string isManaged)
    {
        var containers = LedgerContainers.In(account.Service());
        await containers.CreateAsync(None);
        var ledger = new BlobLedger(containers);
        await new LaneWriter(ledger).AppendAsync([Leaf.Encode("policy", "p", "", time.GetUtcNow(), [])], None);
        var lease = new BlobLease(containers.Edge, time);
        await new Integrator(new LedgerStores(ledger, ledger, ledger, ledger, lease), new NoteSigner("log", new byte[32]), "log").RunOnceAsync(None);
        var reader = new LogReader(ledger, ledger, ledger);
        return await new LedgerDoctor(
            reader, ledger, new LedgerLag(reader, ledger, new MemoryRowStore(new Faults()), time),
            new BlobLedgerLocks(containers, isManaged.Length > 0 ? Manager(account) : null), time).ExamineAsync(None);
    }

    private static ManagedAccount Manager(WormAccount account) =>
        new(WormAccount.Resource, new AnyToken(), new HttpClientTransport(new HttpClient(account, disposeHandler: false)));

    private sealed class AnyToken : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new("t", DateTimeOffset.MaxValue);

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
