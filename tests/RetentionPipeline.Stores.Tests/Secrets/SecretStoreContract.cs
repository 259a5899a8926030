using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Files;
using RetentionPipeline.Adapters.KeyVault;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests.Secrets;

/// <summary>What every secret store must do.</summary>
public abstract class SecretStoreContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Another instance over the same place.</summary>
    protected abstract ISecretStore Open();

    [ContractFact]
    public async Task A_secret_is_made_once_and_found_by_every_instance()
    {
        Assert.Null(await Open().FindAsync("data-key", None));
        var made = await Open().GetOrCreateAsync("data-key", None);
        Assert.Equal(32, made.Length);
        Assert.Equal(made, await Open().GetOrCreateAsync("data-key", None));
        Assert.Equal(made, await Open().FindAsync("data-key", None));
        Assert.Null(await Open().FindAsync("other", None));
    }

    [ContractFact]
    public async Task Each_name_has_bytes_of_its_own()
    {
        var store = Open();
        Assert.NotEqual(
            await store.GetOrCreateAsync(Pseudonyms.KeyName(1), None), await store.GetOrCreateAsync(Pseudonyms.KeyName(2), None));
    }

    [ContractFact]
    public async Task Of_many_makers_one_wins_and_all_get_the_same()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Open().GetOrCreateAsync("data-key", None))));
        Assert.Single(made.Select(Convert.ToHexString).Distinct());
        Assert.Equal(made[0], await Open().FindAsync("data-key", None));
    }

    [ContractFact]
    public async Task A_destroyed_secret_is_gone_for_every_instance_and_its_neighbour_is_not()
    {
        var made = await Open().GetOrCreateAsync("one", None);
        var other = await Open().GetOrCreateAsync("other", None);
        Assert.IsType<SecretEnd.Gone>(await Open().DestroyAsync("one", None));
        Assert.Null(await Open().FindAsync("one", None));
        Assert.Equal(other, await Open().FindAsync("other", None));
        Assert.IsType<SecretEnd.Gone>(await Open().DestroyAsync("one", None));
        Assert.IsType<SecretEnd.Gone>(await Open().DestroyAsync("never", None));
        Assert.NotEqual(made, await Open().GetOrCreateAsync("one", None));
    }

    [ContractFact]
    public async Task Who_only_reads_while_it_is_made_gets_nothing_or_the_same()
    {
        var found = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Open().FindAsync("data-key", None))));
        var made = await Open().GetOrCreateAsync("data-key", None);
        Assert.All(await found, bytes => Assert.Equal(made, bytes ?? made));
    }
}

public sealed class MemorySecretStoreTests : SecretStoreContract
{
    private readonly MemorySecretStore store = new(new Faults());

    protected override ISecretStore Open() => store;
}

public sealed class FileSecretStoreTests : SecretStoreContract, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("keys-").FullName;

    [Fact]
    public async Task Only_the_owner_may_read_a_secret()
    {
        await Open().GetOrCreateAsync("data-key", CancellationToken.None);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "k", "data-key")));
        }
    }

    [Fact]
    public async Task A_key_that_a_crash_left_half_destroyed_is_given_to_nobody_and_goes_the_next_time()
    {
        await Open().GetOrCreateAsync("one", CancellationToken.None);
        File.WriteAllBytes(Path.Combine(folder, "k", "one"), new byte[32]);
        await Assert.ThrowsAsync<SecretRefusedException>(() => Open().FindAsync("one", CancellationToken.None));
        await Assert.ThrowsAsync<SecretRefusedException>(() => Open().GetOrCreateAsync("one", CancellationToken.None));
        Assert.IsType<SecretEnd.Gone>(await Open().DestroyAsync("one", CancellationToken.None));
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "k")));
    }

    [Fact]
    public async Task No_file_of_the_folder_holds_a_destroyed_key()
    {
        var made = await Open().GetOrCreateAsync("one", CancellationToken.None);
        var path = Path.Combine(folder, "k", "one");
        using (var still = File.OpenRead(path))
        {
            await Open().DestroyAsync("one", CancellationToken.None);
            var bytes = new byte[32];
            still.ReadExactly(bytes);

            // Whoever had it open reads zeros: the bytes were written over, not only the name taken away.
            Assert.Equal(new byte[32], bytes);
            Assert.NotEqual(made, bytes);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_deployment_names_a_folder_or_a_vault()
    {
        Assert.IsType<FileSecretStore>(DeployedPorts.OpenKeys(Path.Combine(folder, "k"), TimeProvider.System));
        Assert.IsType<VaultSecretStore>(DeployedPorts.OpenKeys(FakeVault.Address.AbsoluteUri, TimeProvider.System));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    protected override ISecretStore Open() => new FileSecretStore(Path.Combine(folder, "k"));
}

public sealed class VaultSecretStoreTests : SecretStoreContract
{
    private readonly FakeVault vault = new(new SimulatedTime(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)));

    protected override ISecretStore Open() => vault.Open();
}
