using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>What became of the wish to destroy an operator's key.</summary>
public abstract record OperatorKeyAnswer
{
    private OperatorKeyAnswer()
    {
    }

    /// <summary>Its destruction is decided; the end says how far it has come.</summary>
    public sealed record Decided(OperatorKeyEnd End) : OperatorKeyAnswer;

    /// <summary>There is no such key, and there was none.</summary>
    public sealed record Unknown : OperatorKeyAnswer;

    /// <summary>Rules of the policy in force name it.</summary>
    public sealed record InUse(IReadOnlyList<string> Rules) : OperatorKeyAnswer;

    /// <summary>Scans that were planned under an earlier policy still need it.</summary>
    public sealed record Needed(IReadOnlyList<Guid> Scans) : OperatorKeyAnswer;
}

/// <summary>Tells which rules and which open scans need an operator's key.</summary>
public sealed class OperatorKeyUses(PolicyBook policies, OpenScans open, ScanBook book)
{
    /// <summary>The keys that the policy in force names, and the rules that do.</summary>
    public async Task<IReadOnlyDictionary<KeyUse, IReadOnlyList<string>>> InForceAsync(CancellationToken cancel) =>
        (await policies.InForceAsync(cancel)).Rules
            .SelectMany(rule => RuleOperators.KeysOf(rule.Operators).Select(use => (Use: use, rule.Name)))
            .GroupBy(pair => pair.Use, pair => pair.Name)
            .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group]);

    /// <summary>The open scans whose rule, as it was when they were planned, names the key.</summary>
    public async Task<IReadOnlyList<Guid>> ScansAsync(KeyUse use, CancellationToken cancel)
    {
        var found = new List<Guid>();
        foreach (var scan in await open.ListAsync(cancel))
        {
            // One that is not planned yet will be planned under the policy in force.
            if (await book.FindPlanAsync(scan.Scan, cancel) is { } plan
                && (await policies.GetAsync(plan.Policy, cancel)).FindRule(plan.Rule) is { } rule
                && RuleOperators.KeysOf(rule.Operators).Contains(use))
            {
                found.Add(scan.Scan);
            }
        }

        return found;
    }
}

/// <summary>
/// Destroys keys of operators. Each step ends in the row, and whoever finds a row half-way goes on with it: a person's next
/// command, or the timer. Order: the row (from then on no delivery reads the key, and those that had read it have ended
/// before <see cref="KeyEpoch.CachesDropIt"/> is over), the secret, the row (gone), the secret once more, the leaf, the row
/// (told). A crash anywhere repeats a step that changes nothing the second time; so the leaf stands only once the key is
/// gone for good, and always then.
/// </summary>
public sealed class OperatorKeyDesk(
    OperatorKeyTable table, OperatorKeyUses uses, ISecretStore secrets, LaneWriter lanes, TimeProvider time)
{
    /// <summary>
    /// Decides that a key is to be destroyed, and goes as far as it can now. Doing it again goes on, and changes nothing
    /// that was done.
    /// </summary>
    public async Task<OperatorKeyAnswer> DestroyAsync(KeyUse use, CancellationToken cancel)
    {
        if (await table.FindEntryAsync(use, cancel) is not { } entry)
        {
            if ((await uses.InForceAsync(cancel)).TryGetValue(use, out var rules))
            {
                return new OperatorKeyAnswer.InUse(rules);
            }

            if (await uses.ScansAsync(use, cancel) is { Count: > 0 } scans)
            {
                return new OperatorKeyAnswer.Needed(scans);
            }

            if (!await IsThereAsync(use, cancel))
            {
                return new OperatorKeyAnswer.Unknown();
            }

            await table.InsertAsync(new OperatorKeyEnd(use.Key, use.Epoch, time.GetUtcNow()), cancel);
            entry = await ReadAsync(use, cancel);
        }

        return new OperatorKeyAnswer.Decided(await CompleteAsync(entry, cancel));
    }

    /// <summary>One pass over what is half-way, by timer. Returns how many keys have not come to rest.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var open = 0;
        foreach (var entry in await table.ListEntriesAsync(cancel))
        {
            open += (await CompleteAsync(entry, cancel)).IsTold ? 0 : 1;
        }

        return open;
    }

    /// <summary>One that was deleted and can be recovered, or is disabled, is there.</summary>
    private async Task<bool> IsThereAsync(KeyUse use, CancellationToken cancel)
    {
        try
        {
            return await secrets.FindAsync(use.SecretName, cancel) is not null;
        }
        catch (SecretRefusedException)
        {
            return true;
        }
    }

    private async Task<OperatorKeyEnd> CompleteAsync(OperatorKeyEntry entry, CancellationToken cancel)
    {
        if (entry.End.GoneAt is null)
        {
            entry = await secrets.DestroyAsync(entry.End.Use.SecretName, cancel) switch
            {
                SecretEnd.Gone => await WriteAsync(entry, entry.End with { GoneAt = time.GetUtcNow() }, cancel),
                SecretEnd.Recoverable { Until: { } until } when until != entry.End.RecoverableUntil =>
                    await WriteAsync(entry, entry.End with { RecoverableUntil = until }, cancel),
                _ => entry,
            };
        }

        // A delivery that had looked for the row before it was there may have made the secret anew behind its end.
        if (entry.End is { IsTold: false, TellableAt: { } from } && from <= time.GetUtcNow()
            && await secrets.DestroyAsync(entry.End.Use.SecretName, cancel) is SecretEnd.Gone)
        {
            await lanes.AppendAsync([entry.End.Leaf()], cancel);
            entry = await WriteAsync(entry, entry.End with { IsTold = true }, cancel);
        }

        return entry.End;
    }

    /// <summary>The row as it stands afterwards: this one, or what somebody else made of it.</summary>
    private async Task<OperatorKeyEntry> WriteAsync(OperatorKeyEntry entry, OperatorKeyEnd end, CancellationToken cancel)
    {
        await table.ReplaceAsync(entry, end, cancel);
        return await ReadAsync(end.Use, cancel);
    }

    private async Task<OperatorKeyEntry> ReadAsync(KeyUse use, CancellationToken cancel) => await table.FindEntryAsync(use, cancel)
        ?? throw new FormatException("The row of a key's end is gone. Restore the table: nothing removes such a row.");
}
