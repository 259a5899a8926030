using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Answers from the openings, which hold pseudonyms: the same person has the same one within an epoch.</summary>
public sealed class OperationSubjects(OpeningsBook openings, Pseudonyms pseudonyms) : IOperationSubjects
{
    /// <inheritdoc/>
    public async Task<bool> MayConcernAsync(LoggedIntent intent, HoldScope scope, CancellationToken cancel)
    {
        // Under an epoch that was destroyed nobody can be told from anybody, and whom a forgotten opening named neither.
        if (await openings.FindAsync(intent.Operation, cancel) is not { } opened
            || !(await pseudonyms.LiveEpochsAsync(cancel)).Contains(opened.Epoch)
            || await scope.NameAsync(pseudonyms, opened.Epoch, cancel) is not { } names)
        {
            return true;
        }

        return scope is HoldScope.OfRecord record
            ? record.Dataset == intent.Dataset && opened.Entries.Any(entry => entry.HasForgotten || entry.Record == names.Record)
            : opened.Entries.Any(entry => entry.HasForgotten || entry.Subjects.Count == 0
                || entry.Subjects.Any(named => names.Subjects.Contains(named.Pseudonym)));
    }
}
