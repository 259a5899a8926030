namespace RetentionPipeline.Ledger;

/// <summary>
/// Looks up, in the bundles of the log, whether entries that are too old for <see cref="RecentKeys"/> stand there: a
/// redelivery weeks later, a lane that was read in again. Rare, so it may read bundles; exact, so that nothing is dropped
/// that does not stand in the log.
/// </summary>
internal sealed class PastEntries(LogReader log)
{
    /// <summary>Adds entries of lanes to a draft, with what the log says of old ones.</summary>
    public async Task AddAsync(
        TreeDraft draft, LogState state, IReadOnlyList<ReadOnlyMemory<byte>> entries, CancellationToken cancel)
    {
        var read = TreeDraft.Read(entries);
        var bundles = new Dictionary<int, IReadOnlyList<DraftEntry?>>();
        IReadOnlyList<DraftEntry?>? open = null;
        foreach (var entry in read.OfType<DraftEntry>().Where(entry => !state.Keys.Reaches(entry.At)))
        {
            for (var bundle = 0; bundle < state.Times.Count; bundle++)
            {
                if (state.Times[bundle].Span(entry.At))
                {
                    if (!bundles.TryGetValue(bundle, out var stands))
                    {
                        bundles.Add(bundle, stands = TreeDraft.Read(await log.ReadBundleAsync(bundle, state.Commit.Size, cancel)));
                    }

                    draft.Know(entry, stands);
                }
            }

            draft.Know(entry, open ??= TreeDraft.Read(state.Bundle));
        }

        draft.Add(read);
    }
}
