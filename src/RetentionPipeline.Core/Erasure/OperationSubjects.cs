using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Answers from the openings, which hold pseudonyms: the same person has the same one within an epoch.</summary>
public sealed class OperationSubjects(OpeningsBook openings, Pseudonyms pseudonyms) : IOperationSubjects
{
    /// <inheritdoc/>
    public async Task<bool> MayConcernAsync(LoggedIntent intent, HoldScope scope, CancellationToken cancel)
    {
        if (await openings.FindAsync(intent.Operation, cancel) is not { } opened)
        {
            return true;
        }

        switch (scope)
        {
            case HoldScope.OfRecord record:
                var wanted = await pseudonyms.OfRecordAsync(
                    opened.Epoch, record.Dataset, record.Key.Canonical, cancel);
                return record.Dataset == intent.Dataset && opened.Entries.Any(entry => entry.Record == wanted);
            case HoldScope.OfSubject subject:
                var names = new HashSet<string>(StringComparer.Ordinal);
                foreach (var identifier in subject.Identifiers)
                {
                    names.Add(await pseudonyms.OfSubjectAsync(
                        opened.Epoch, identifier.Kind, identifier.Value, cancel));
                }

                return opened.Entries.Any(entry => entry.Subjects.Count == 0
                    || entry.Subjects.Any(named => names.Contains(named.Pseudonym)));
            default:
                return true;
        }
    }
}
