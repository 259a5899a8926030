using Microsoft.Extensions.Logging;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// The keys of the live epochs, as one reading of the table and the secrets, remembered for <see cref="Remembers"/>: so
/// another instance's rotation is followed within that time, and a key whose destruction was decided is dropped within it,
/// by a timer of its own: also in a process that does nothing.
///
/// An older epoch whose key was taken away by hand is left out of a reading, and an event says so: only what asks for that
/// very one fails, until it is recovered or its epoch destroyed. Without the newest one's nothing new can be made.
/// </summary>
public sealed partial class EpochKeys : IDisposable
{
    /// <summary>Half of the ten minutes within which every key that was destroyed is out of every memory.</summary>
    public static readonly TimeSpan Remembers = TimeSpan.FromMinutes(5);

    private readonly EpochTable table;
    private readonly EpochDesk desk;
    private readonly ISecretStore secrets;
    private readonly TimeProvider time;
    private readonly ILogger<EpochKeys> logger;
    private readonly ITimer dropping;

    private volatile Reading? last;

    /// <summary>Reads nothing yet.</summary>
    public EpochKeys(EpochTable table, EpochDesk desk, ISecretStore secrets, TimeProvider time, ILogger<EpochKeys> logger)
    {
        (this.table, this.desk, this.secrets, this.time, this.logger) = (table, desk, secrets, time, logger);
        dropping = time.CreateTimer(
            static keys => ((EpochKeys)keys!).Drop(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether a key is in memory.</summary>
    internal bool HoldsKeys => last is not null;

    /// <summary>The epoch that new openings are made under.</summary>
    public async Task<int> CurrentAsync(CancellationToken cancel) => (await ReadAsync(cancel)).Live[^1];

    /// <summary>Every epoch that something can be found under, the newest last; without those whose keys are not there.</summary>
    public async Task<IReadOnlyList<int>> LiveAsync(CancellationToken cancel) => (await ReadAsync(cancel)).Live;

    /// <summary>
    /// The live ones among those that are asked for, the newest last. Throws <see cref="SecretRefusedException"/> if one of
    /// them is live and its key is not there.
    /// </summary>
    public async Task<IReadOnlyList<int>> LiveAsync(Func<int, bool> isAsked, CancellationToken cancel)
    {
        var reading = await ReadAsync(cancel);
        if (reading.Lost.Keys.Any(isAsked))
        {
            // It may have been recovered, or its epoch destroyed, since.
            last = null;
            reading = await ReadAsync(cancel);
        }

        return reading.Lost.Keys.FirstOrDefault(isAsked) is var lost and > 0
            ? throw Refused(lost, reading.Lost[lost])
            : [.. reading.Live.Where(isAsked)];
    }

    /// <summary>
    /// The key of an epoch. Throws <see cref="EpochDestroyedException"/> if it is not live, and
    /// <see cref="SecretRefusedException"/> if it is and its key is not there.
    /// </summary>
    internal async ValueTask<byte[]> GetAsync(int epoch, CancellationToken cancel)
    {
        var reading = last is { } known && IsFresh(known) ? known : await ReadAsync(cancel);
        if (!reading.Keys.ContainsKey(epoch))
        {
            // Another instance may have made it since.
            last = null;
            reading = await ReadAsync(cancel);
        }

        return reading.Keys.TryGetValue(epoch, out var key) ? key
            : reading.Lost.TryGetValue(epoch, out var why) ? throw Refused(epoch, why)
            : throw new EpochDestroyedException(epoch);
    }

    /// <summary>Forgets all keys now.</summary>
    public void Drop() => last = null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Drop();
        dropping.Dispose();
    }

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

        var (keys, lost) = (new Dictionary<int, byte[]>(), new Dictionary<int, string>());
        foreach (var epoch in live)
        {
            var (key, why) = await FindAsync(epoch.Number, cancel);
            if (key is not null)
            {
                keys[epoch.Number] = key;
            }
            else if (why is not null)
            {
                lost[epoch.Number] = why;
            }
        }

        var numbers = keys.Keys.Order().ToList();
        foreach (var (epoch, why) in lost)
        {
            if (!numbers.Exists(other => other > epoch))
            {
                throw Refused(epoch, why);
            }

            LogLost(Pseudonyms.KeyName(epoch), why);
        }

        return numbers.Count == 0
            ? throw new InvalidOperationException("No epoch of the pseudonyms' key is live: another process is changing them. Try again.")
            : Remember(new Reading(keys, lost, numbers, at));
    }

    private Reading Remember(Reading reading)
    {
        last = reading;
        var left = Remembers - time.GetElapsedTime(reading.At);
        dropping.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        return reading;
    }

    private async Task<IReadOnlyList<KeyEpoch>> LiveRowsAsync(CancellationToken cancel) =>
        [.. (await table.ListAsync(cancel)).Where(epoch => epoch.State is KeyEpochState.Live)];

    /// <summary>
    /// The key, or why a live epoch has none; neither where it was decided since that it is to be destroyed. One that is lost
    /// is never made anew: it would find nobody.
    /// </summary>
    private async Task<(byte[]? Key, string? Why)> FindAsync(int epoch, CancellationToken cancel)
    {
        var why = "it is not there";
        try
        {
            if (await secrets.FindAsync(Pseudonyms.KeyName(epoch), cancel) is { } key)
            {
                return (key, null);
            }
        }
        catch (SecretRefusedException refused) when (!cancel.IsCancellationRequested)
        {
            why = refused.Why;
        }

        return (null, await table.FindAsync(epoch, cancel) is { Epoch.State: KeyEpochState.Live } ? why : null);
    }

    private static SecretRefusedException Refused(int epoch, string why) => new(Pseudonyms.KeyName(epoch), why);

    [LoggerMessage(8001, LogLevel.Error, "The secret {Secret} cannot be used: {Why}. Nobody is found under its epoch: recover it, or destroy its epoch")]
    private partial void LogLost(string secret, string why);

    private sealed record Reading(
        IReadOnlyDictionary<int, byte[]> Keys, IReadOnlyDictionary<int, string> Lost, IReadOnlyList<int> Live, long At);
}

/// <summary>What was pseudonymised under that epoch links to nobody any more, and nothing new can be.</summary>
public sealed class EpochDestroyedException(int epoch)
    : Exception($"The key of epoch {epoch} is destroyed, or being destroyed: nobody can be found under it.");
