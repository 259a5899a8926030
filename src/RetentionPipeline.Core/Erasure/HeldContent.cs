using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

internal enum ContentLook
{
    /// <summary>None of the identifiers is in it.</summary>
    Clear,

    /// <summary>One of them is.</summary>
    Found,

    /// <summary>It cannot be searched.</summary>
    Unreadable,

    /// <summary>Gone or rewritten since: the act under this version will say so.</summary>
    Moved,
}

/// <summary>A log names persons in its lines, not in its key: whether it concerns somebody, its content says.</summary>
internal static class ContentSearch
{
    public static async Task<ContentLook> LookAsync(
        ActRun run, RecordKey key, string version, IEnumerable<SubjectIdentifier> identifiers)
    {
        if (run.Store is not IContentStore store || run.Dataset.Format is null)
        {
            return ContentLook.Unreadable;
        }

        var values = identifiers.Select(identifier => identifier.Value).ToList();
        return await run.ReadAsync(cancel => SearchAsync(run, store, (key, version), values, cancel));
    }

    private static async Task<ContentLook> SearchAsync(
        ActRun run, IContentStore store, (RecordKey Key, string Version) at, IReadOnlyCollection<string> values,
        CancellationToken cancel)
    {
        await using var content = await store.OpenContentAsync(run.Location, at.Key, at.Version, cancel);
        if (content is null)
        {
            return ContentLook.Moved;
        }

        try
        {
            var found = await SubjectSearch.ContainsAnyAsync(content, values, run.Dataset.Options.MaxExpandedBytes, cancel);
            return found ? ContentLook.Found : ContentLook.Clear;
        }
        catch (UnreadableContentException)
        {
            return ContentLook.Unreadable;
        }
    }
}

/// <summary>
/// While a subject hold is in force a log's content is searched for the held identifiers before it is deleted or
/// rewritten. What cannot be searched is held whole.
/// </summary>
internal static class HeldContent
{
    public static async Task<bool> IsHeldAsync(ActRun run, RecordKey key, string version, HoldSet holds) =>
        run.Store is IContentStore && holds.Identifiers.Count > 0 && run.Dataset.Subjects.Count == 0
        && await ContentSearch.LookAsync(run, key, version, holds.Identifiers) is ContentLook.Found or ContentLook.Unreadable;
}
