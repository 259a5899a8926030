using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Work;

/// <summary>What became of the wish to destroy an epoch.</summary>
public abstract record EpochAnswer
{
    private EpochAnswer()
    {
    }

    /// <summary>Its destruction is decided; the epoch says how far it has come.</summary>
    public sealed record Decided(KeyEpoch Epoch) : EpochAnswer;

    /// <summary>There is no such epoch.</summary>
    public sealed record Unknown : EpochAnswer;

    /// <summary>It is the one that new openings are made under.</summary>
    public sealed record InUse : EpochAnswer;

    /// <summary>An older one is live: openings may bear pseudonyms of both, and would stay linkable.</summary>
    public sealed record OlderFirst(int Older) : EpochAnswer;

    /// <summary>Some instance may still use it, since the newer one is young.</summary>
    /// <param name="From">From when on none does.</param>
    public sealed record TooSoon(DateTimeOffset From) : EpochAnswer;

    /// <summary>Requests that were taken in under it are open, and their evidence needs its key.</summary>
    public sealed record Needed(int OpenRequests) : EpochAnswer;
}

/// <summary>
/// Makes, rotates and destroys epochs of the pseudonyms' key. Each step ends in the row, and whoever finds a row half-way
/// goes on with it: a person's next command, or the timer.
///
/// Making: the row, the key, the leaf, the row again (live). Destroying: the row (from then on no instance reads the key
/// anew, and those that remember it forget it within <see cref="EpochKeys.Remembers"/>), the key, the row (gone), the leaf,
/// the row again. A crash behind the key leaves a row that asks for a key to be destroyed that is gone already: that is
/// success. So the leaf stands only once the key is gone for good, and always then; before it, names under that epoch that
/// stand beside names of another one are taken away.
/// </summary>
public sealed class EpochDesk(
    EpochTable table, ISecretStore secrets, LaneWriter lanes, IEpochRequests requests, IEpochNames names, TimeProvider time)
{
    private const int MostEpochs = 9_999;

    /// <summary>Makes a new epoch, which is used from then on; other instances follow within <see cref="EpochKeys.Remembers"/>.</summary>
    public async Task<KeyEpoch> RotateAsync(CancellationToken cancel)
    {
        await EnsureFirstAsync(cancel);
        while (true)
        {
            var newest = (await table.ListEntriesAsync(cancel))[^1];
            if (newest.Epoch.State is KeyEpochState.Making)
            {
                return await MakeAsync(newest, cancel);
            }

            var next = new KeyEpoch(newest.Epoch.Number + 1, KeyEpochState.Making, time.GetUtcNow());
            if (next.Number > MostEpochs)
            {
                throw new InvalidOperationException($"There are {MostEpochs} epochs, and there can be no more.");
            }

            await table.InsertAsync(next, cancel);
        }
    }

    /// <summary>
    /// Decides that an epoch is to be destroyed, and goes as far as it can now. Doing it again goes on, and changes nothing
    /// that was done. The open requests are counted when no instance takes any in under it any more. Of one whose key is lost
    /// neither they nor an older epoch stand in the way: nothing can be found under it already.
    /// </summary>
    public async Task<EpochAnswer> DestroyAsync(int number, CancellationToken cancel)
    {
        while (true)
        {
            var entries = await table.ListEntriesAsync(cancel);
            if (entries.FirstOrDefault(entry => entry.Epoch.Number == number) is not { } entry)
            {
                return new EpochAnswer.Unknown();
            }

            if (entry.Epoch.State is KeyEpochState.Live or KeyEpochState.Making)
            {
                if (await FindHindranceAsync(number, [.. entries.Select(other => other.Epoch)], cancel) is { } hindrance)
                {
                    if (hindrance is EpochAnswer.InUse or EpochAnswer.TooSoon || !await IsLostAsync(number, cancel))
                    {
                        return hindrance;
                    }

                    await requests.GiveUpAsync(number, cancel);
                }

                await table.ReplaceAsync(entry, entry.Epoch with { State = KeyEpochState.Destroying, AskedAt = time.GetUtcNow() }, cancel);
                continue;
            }

            return new EpochAnswer.Decided(await CompleteAsync(entry, cancel));
        }
    }

    /// <summary>One pass over what is half-way, by timer. Returns how many epochs have not come to rest.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var open = 0;
        foreach (var entry in await table.ListEntriesAsync(cancel))
        {
            open += (await CompleteAsync(entry, cancel)).State is KeyEpochState.Live or KeyEpochState.Destroyed ? 0 : 1;
        }

        return open;
    }

    /// <summary>Makes the first epoch where there is none; whoever comes second finds it, half-way or made.</summary>
    internal async Task EnsureFirstAsync(CancellationToken cancel)
    {
        var entries = await table.ListEntriesAsync(cancel);
        if (entries.Count == 0)
        {
            await table.InsertAsync(new KeyEpoch(1, KeyEpochState.Making, time.GetUtcNow()), cancel);
        }

        if (await table.FindAsync(1, cancel) is { Epoch.State: KeyEpochState.Making } first)
        {
            await MakeAsync(first, cancel);
        }
    }

    private async Task<EpochAnswer?> FindHindranceAsync(int number, IReadOnlyList<KeyEpoch> all, CancellationToken cancel)
    {
        var live = all.Where(epoch => epoch.State is KeyEpochState.Live).ToList();
        var newer = live.Where(epoch => epoch.Number > number).Select(epoch => epoch.UsedByAllAt).Order().ToList();
        if (newer.Count == 0)
        {
            return new EpochAnswer.InUse();
        }

        if (newer[0] > time.GetUtcNow())
        {
            return new EpochAnswer.TooSoon(newer[0]);
        }

        if (live.Find(epoch => epoch.Number < number) is { } older)
        {
            return new EpochAnswer.OlderFirst(older.Number);
        }

        return await requests.CountAsync(number, cancel) is var open and > 0 ? new EpochAnswer.Needed(open) : null;
    }

    /// <summary>Nowhere any more. One that was deleted and can be recovered, or is disabled, is not lost.</summary>
    private async Task<bool> IsLostAsync(int number, CancellationToken cancel)
    {
        try
        {
            return await secrets.FindAsync(Pseudonyms.KeyName(number), cancel) is null;
        }
        catch (SecretRefusedException)
        {
            return false;
        }
    }

    private async Task<KeyEpoch> CompleteAsync(EpochEntry entry, CancellationToken cancel)
    {
        while (true)
        {
            var before = entry;
            switch (entry.Epoch.State)
            {
                case KeyEpochState.Making:
                    return await MakeAsync(entry, cancel);
                case KeyEpochState.Destroying:
                    entry = await DestroyKeyAsync(entry, cancel);
                    break;
                case KeyEpochState.Gone when entry.Epoch.DestroyedAt <= time.GetUtcNow():
                    await names.DropAsync(entry.Epoch.Number, cancel);
                    await lanes.AppendAsync([entry.Epoch.DestroyedLeaf()], cancel);
                    entry = await WriteAsync(entry, entry.Epoch with { State = KeyEpochState.Destroyed }, cancel);
                    break;
            }

            if (entry.Epoch == before.Epoch)
            {
                return entry.Epoch;
            }
        }
    }

    private async Task<KeyEpoch> MakeAsync(EpochEntry entry, CancellationToken cancel)
    {
        await secrets.GetOrCreateAsync(Pseudonyms.KeyName(entry.Epoch.Number), cancel);
        await lanes.AppendAsync([entry.Epoch.MadeLeaf()], cancel);
        return (await WriteAsync(entry, entry.Epoch with { State = KeyEpochState.Live, LiveAt = time.GetUtcNow() }, cancel)).Epoch;
    }

    private async Task<EpochEntry> DestroyKeyAsync(EpochEntry entry, CancellationToken cancel) =>
        await secrets.DestroyAsync(Pseudonyms.KeyName(entry.Epoch.Number), cancel) switch
        {
            SecretEnd.Gone => await WriteAsync(entry, entry.Epoch with { State = KeyEpochState.Gone, GoneAt = time.GetUtcNow() }, cancel),
            SecretEnd.Recoverable { Until: { } until } when until != entry.Epoch.RecoverableUntil =>
                await WriteAsync(entry, entry.Epoch with { RecoverableUntil = until }, cancel),
            _ => entry,
        };

    /// <summary>The row as it stands afterwards: this one, or what somebody else made of it.</summary>
    private async Task<EpochEntry> WriteAsync(EpochEntry entry, KeyEpoch epoch, CancellationToken cancel)
    {
        await table.ReplaceAsync(entry, epoch, cancel);
        return await table.FindAsync(epoch.Number, cancel)
            ?? throw new FormatException("The row of an epoch is gone. Restore the table: nothing removes such a row.");
    }
}
