using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What became of an export.</summary>
public abstract record ExportAnswer
{
    private ExportAnswer()
    {
    }

    /// <summary>It is written.</summary>
    /// <param name="Checkpoint">Of the log.</param>
    /// <param name="Openings">Openings beside it.</param>
    public sealed record Written(Checkpoint Checkpoint, int Openings) : ExportAnswer;

    /// <summary>There is no checkpoint yet: nothing was written.</summary>
    public sealed record NoCheckpoint : ExportAnswer;

    /// <summary>
    /// Somebody was forgotten, and the published log does not tell it yet: the openings are written, the log is not, since the
    /// two together would look like a lie.
    /// </summary>
    public sealed record NotTold : ExportAnswer;
}

/// <summary>
/// Exports the log, and what auditors may have of the openings, so that both fit together while the pipeline runs and persons
/// are forgotten.
///
/// Order: the openings first; then what was begun of forgettings is completed, since whatever is missing in the openings
/// belongs to a run whose row stood before it was taken and stands until its leaf is in the lanes; then a checkpoint that covers
/// the lanes as they are now, and the log of it. What comes into the log after the openings were written lacks them there: a
/// verifier lists holds as unchecked that need them.
/// </summary>
public sealed class AuditExport(OpeningsStores stores, SubjectForgetting forgetting, LogExport export, HoldLog barrier)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Writes the log. Throws <see cref="IOException"/> where the folder cannot take it.</summary>
    /// <param name="folder">New or empty.</param>
    /// <param name="beside">Folder of the openings; null for none.</param>
    /// <param name="verifier">Of the checkpoint.</param>
    /// <param name="patience">How long the published log may take to tell who was forgotten.</param>
    /// <param name="cancel">Ends the calls.</param>
    public async Task<ExportAnswer> WriteAsync(
        string folder, string? beside, NoteVerifier verifier, TimeSpan patience, CancellationToken cancel)
    {
        if (await barrier.Reader.CheckpointAsync(cancel) is null)
        {
            return new ExportAnswer.NoCheckpoint();
        }

        var openings = new WrittenOpenings(0, false);
        if (beside is not null)
        {
            openings = await new OpeningsFolder(beside).WriteAsync(
                stores.Objects, stores.Books, stores.HoldRows, stores.Pseudonyms, cancel);
            await forgetting.RunAsync(cancel);
        }

        if (openings.HasForgotten && !await IsCoveredAsync(patience, cancel))
        {
            return new ExportAnswer.NotTold();
        }

        return await export.WriteAsync(folder, verifier, cancel) is { } checkpoint
            ? new ExportAnswer.Written(checkpoint, openings.Count)
            : new ExportAnswer.NoCheckpoint();
    }

    /// <summary>Whether a checkpoint comes to cover the lanes as they are at the beginning.</summary>
    private async Task<bool> IsCoveredAsync(TimeSpan patience, CancellationToken cancel)
    {
        var lengths = await barrier.Lanes.LengthsAsync(cancel);
        var until = barrier.Time.GetUtcNow() + patience;
        while (true)
        {
            if (await barrier.Reader.CoveredLanesAsync(cancel) is { } covered
                && !lengths.Index().Any(lane => covered[lane.Index] < lane.Item))
            {
                return true;
            }

            if (barrier.Time.GetUtcNow() >= until)
            {
                return false;
            }

            await Task.Delay(Pause, barrier.Time, cancel);
        }
    }
}

/// <summary>What the openings are read from.</summary>
public sealed record OpeningsStores(IObjectStore Objects, OperationBooks Books, HoldTable HoldRows, Pseudonyms Pseudonyms);
