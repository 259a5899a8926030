using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

internal enum ContentLook
{
    /// <summary>No subject hold in force concerns this content.</summary>
    Clear,

    /// <summary>An identifier of a held person is in it, or it cannot be searched.</summary>
    Held,
}

/// <summary>
/// A log names persons in its lines, not in its key: while a subject hold is in force the content is searched for the
/// held identifiers before it is deleted or rewritten. What cannot be searched is held whole.
/// </summary>
internal static class HeldContent
{
    public static async Task<ContentLook> LookAsync(ActRun run, RecordKey key, string version, HoldSet holds)
    {
        if (run.Store is not IContentStore store || holds.Identifiers.Count == 0 || run.Dataset.Subjects.Count > 0)
        {
            return ContentLook.Clear;
        }

        if (run.Dataset.Format is null)
        {
            return ContentLook.Held;
        }

        return await run.ReadAsync(cancel => SearchAsync(run, store, key, version, holds, cancel));
    }

    private static async Task<ContentLook> SearchAsync(
        ActRun run, IContentStore store, RecordKey key, string version, HoldSet holds, CancellationToken cancel)
    {
        await using var content = await store.OpenContentAsync(run.Location, key, version, cancel);
        if (content is null)
        {
            // Gone or rewritten since: the act under this version will say so.
            return ContentLook.Clear;
        }

        try
        {
            var identifiers = holds.Identifiers.Select(identifier => identifier.Value).ToList();
            var found = await SubjectSearch.ContainsAnyAsync(
                content, identifiers, run.Dataset.Options.MaxExpandedBytes, cancel);
            return found ? ContentLook.Held : ContentLook.Clear;
        }
        catch (UnreadableContentException)
        {
            return ContentLook.Held;
        }
    }
}
