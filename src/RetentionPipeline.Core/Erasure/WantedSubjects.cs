using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Whose records a request's task is about.</summary>
/// <param name="Identifiers">A record that names one of them is theirs; nothing else is.</param>
public sealed record WantedSubjects(IReadOnlySet<SubjectIdentifier> Identifiers)
{
    /// <summary>Epochs that the requests were taken in under.</summary>
    public IReadOnlyList<int> Epochs { get; init; } = [];

    /// <summary>Whether a record that names these is one of theirs.</summary>
    public bool AreIn(IReadOnlyList<SubjectIdentifier> named) => named.Any(Identifiers.Contains);
}

/// <summary>What a batch's records must match. Scanning answers from the plan; this room need not know how.</summary>
public interface IScanSubjects
{
    /// <summary>Null for a scan that is no request's task.</summary>
    Task<WantedSubjects?> FindSubjectsAsync(Guid scan, CancellationToken cancel);
}
