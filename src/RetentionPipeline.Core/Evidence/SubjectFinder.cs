using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Evidence;

/// <summary>A record whose opening names a person.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Place">Place in its batch.</param>
/// <param name="Count">Records of the batch.</param>
/// <param name="Result">What became of it; null where its operation has not ended.</param>
public sealed record FoundRecord(Guid Operation, int Place, int Count, OutcomeResult? Result);

/// <summary>
/// Finds what names a person beside the log: by the pseudonyms under every live epoch, in all openings. It reads each of them:
/// there is no index, which would be one more place to forget a person in.
/// </summary>
public sealed class SubjectFinder(IObjectStore objects, OperationBooks books, SubjectBook requests, Pseudonyms pseudonyms)
{
    /// <summary>
    /// The person's pseudonyms. Throws <see cref="SecretRefusedException"/> where the key of a live epoch is not there: nobody
    /// is told that a person is found, or forgotten, who may stand under it.
    /// </summary>
    public async Task<IReadOnlySet<string>> NamesOfAsync(IEnumerable<SubjectIdentifier> identifiers, CancellationToken cancel)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var identifier in identifiers)
        {
            foreach (var epoch in await pseudonyms.LiveEpochsAsync(static _ => true, cancel))
            {
                names.Add(await pseudonyms.OfSubjectAsync(epoch, identifier.Kind, identifier.Value, cancel));
            }
        }

        return names;
    }

    /// <summary>The operations whose openings bear one of these pseudonyms, with what stands there.</summary>
    public async IAsyncEnumerable<(Guid Operation, BatchOpenings Opened)> FindOperationsAsync(
        IReadOnlySet<string> names, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var segment in objects.ListSegmentsAsync(ObjectNames.Operations, cancel))
        {
            if (Guid.TryParse(segment, out var operation)
                && await books.Openings.FindAsync(operation, cancel) is { } opened && opened.Entries.Any(entry => IsNamed(entry, names)))
            {
                yield return (operation, opened);
            }
        }
    }

    /// <summary>The records whose openings bear one of these pseudonyms.</summary>
    public async IAsyncEnumerable<FoundRecord> FindRecordsAsync(
        IReadOnlySet<string> names, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var (operation, opened) in FindOperationsAsync(names, cancel))
        {
            var results = await books.Outcomes.FindAsync(operation, cancel);
            var entries = results is null ? null : new OutcomeEntries(results.Entries);
            foreach (var (place, _) in opened.Entries.Index().Where(entry => IsNamed(entry.Item, names)))
            {
                yield return new(operation, place, opened.Entries.Count, entries?.Read(place).Result);
            }
        }
    }

    /// <summary>The requests whose openings bear one of these pseudonyms.</summary>
    public async IAsyncEnumerable<Guid> FindRequestsAsync(
        IReadOnlySet<string> names, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var name in objects.ListAsync(ObjectNames.RequestSubjects, cancel))
        {
            if (Guid.TryParse(name[ObjectNames.RequestSubjects.Length..], out var request)
                && (await requests.FindAsync(request, cancel))?.Openings.Any(opening => names.Contains(opening.Pseudonym)) == true)
            {
                yield return request;
            }
        }
    }

    private static bool IsNamed(RecordOpening entry, IReadOnlySet<string> names) =>
        entry.Subjects.Any(subject => names.Contains(subject.Pseudonym));
}
