using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Holds;

/// <summary>
/// Rows of holds that were released before there were epochs: they keep the identifiers that no act looks at any more, and no
/// pseudonym that a verifier could.
/// </summary>
public sealed class ReleasedHolds(HoldTable table, Pseudonyms pseudonyms)
{
    /// <summary>
    /// Puts the pseudonyms of the day in the place of what a released hold names; one that names nobody stays as it is. Where
    /// somebody else changed the row, the next pass looks again.
    /// </summary>
    internal async Task UnnameAsync(HoldEntry entry, CancellationToken cancel)
    {
        var (hold, scope) = (entry.Hold, entry.Hold.Scope);
        if (hold.State is not HoldState.Released || !scope.HasNames)
        {
            return;
        }

        var names = hold.Names.Count > 0 ? hold.Names : await scope.NameAsync(pseudonyms, cancel);
        await table.ReplaceAsync(entry with { Hold = hold with { Scope = scope.WithoutNames(), Names = names } }, cancel);
    }
}
