namespace RetentionPipeline.Core.Work;

/// <summary>
/// The keys of the live epochs, as one reading of the table and the secrets, remembered for <see cref="Remembers"/>: so
/// another instance's rotation is followed within that time, and a key whose destruction was decided is dropped within it.
/// A process that is quiet drops it by its timer (<see cref="DropOld"/>).
/// </summary>
public sealed class EpochKeys(EpochTable table, EpochDesk desk, ISecretStore secrets, TimeProvider time)
{
    /// <summary>Half of the ten minutes within which every key that was destroyed is out of every memory.</summary>
    public static readonly TimeSpan Remembers = TimeSpan.FromMinutes(5);

    private volatile Reading? last;

    /// <summary>The epoch that new openings are made under.</summary>
    public async Task<int> CurrentAsync(CancellationToken cancel) => (await ReadAsync(cancel)).Current;

    /// <summary>Every epoch that something can be found under, the newest last.</summary>
    public async Task<IReadOnlyList<int>> LiveAsync(CancellationToken cancel) => (await ReadAsync(cancel)).Live;

    /// <summary>The key of an epoch. Throws <see cref="EpochDestroyedException"/> if it is not live.</summary>
    internal async ValueTask<byte[]> GetAsync(int epoch, CancellationToken cancel)
    {
        var reading = last is { } known && IsFresh(known) ? known : await ReadAsync(cancel);
        if (!reading.Keys.TryGetValue(epoch, out var key))
        {
            // Another instance may have made it since.
            last = null;
            key = (await ReadAsync(cancel)).Keys.GetValueOrDefault(epoch);
        }

        return key ?? throw new EpochDestroyedException(epoch);
    }

    /// <summary>Forgets keys that are remembered for long enough, so that a process that does nothing holds none for ever.</summary>
    public void DropOld()
    {
        if (last is { } known && !IsFresh(known))
        {
            last = null;
        }
    }

    /// <summary>Forgets all keys now.</summary>
    public void Drop() => last = null;

    private bool IsFresh(Reading reading) => time.GetElapsedTime(reading.At) < Remembers;

    private async ValueTask<Reading> ReadAsync(CancellationToken cancel)
    {
        if (last is { } known && IsFresh(known))
        {
            return known;
        }

        last = null;
        var at = time.GetTimestamp();
        var live = await LiveRowsAsync(cancel);
        if (live.Count == 0)
        {
            await desk.EnsureFirstAsync(cancel);
            live = await LiveRowsAsync(cancel);
        }

        var keys = new Dictionary<int, byte[]>();
        foreach (var epoch in live)
        {
            if (await FindAsync(epoch.Number, cancel) is { } key)
            {
                keys[epoch.Number] = key;
            }
        }

        var numbers = keys.Keys.Order().ToList();
        return numbers.Count == 0
            ? throw new InvalidOperationException("No epoch of the pseudonyms' key is live: another process is changing them. Try again.")
            : last = new Reading(keys, numbers, at);
    }

    private async Task<IReadOnlyList<KeyEpoch>> LiveRowsAsync(CancellationToken cancel) =>
        [.. (await table.ListAsync(cancel)).Where(epoch => epoch.State is KeyEpochState.Live)];

    /// <summary>Null where it was decided since that it is to be destroyed. One that is lost is never made anew: it would find nobody.</summary>
    private async Task<byte[]?> FindAsync(int epoch, CancellationToken cancel)
    {
        try
        {
            if (await secrets.FindAsync(Pseudonyms.KeyName(epoch), cancel) is { } key)
            {
                return key;
            }
        }
        catch (SecretRefusedException) when (!cancel.IsCancellationRequested)
        {
            if (await IsLiveAsync(epoch, cancel))
            {
                throw;
            }

            return null;
        }

        return await IsLiveAsync(epoch, cancel) ? throw new SecretRefusedException(Pseudonyms.KeyName(epoch), "it is not there") : null;
    }

    private async Task<bool> IsLiveAsync(int epoch, CancellationToken cancel) =>
        await table.FindAsync(epoch, cancel) is { Epoch.State: KeyEpochState.Live };

    private sealed record Reading(IReadOnlyDictionary<int, byte[]> Keys, IReadOnlyList<int> Live, long At)
    {
        public int Current => Live[^1];
    }
}

/// <summary>What was pseudonymised under that epoch links to nobody any more, and nothing new can be.</summary>
public sealed class EpochDestroyedException(int epoch)
    : Exception($"The key of epoch {epoch} is destroyed, or being destroyed: nobody can be found under it.");
