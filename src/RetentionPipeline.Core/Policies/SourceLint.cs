namespace RetentionPipeline.Core.Policies;

/// <summary>What is said about requests, against the rest of the policy.</summary>
internal sealed class SourceLint(Policy policy, ProblemList problems)
{
    /// <summary>
    /// Longest window of a log: one month to answer (GDPR Art. 12(3); the shortest has 28 days), less a week for the pass
    /// itself and for those that fail.
    /// </summary>
    public const int LongestWindowDays = 21;

    public void LintSources(IReadOnlyDictionary<string, YamlPlace> sources)
    {
        var found = policy.Datasets.Values.SelectMany(dataset => dataset.Subjects).Select(subject => subject.Kind)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (name, place) in sources)
        {
            var kinds = policy.Sources[name].Identifiers.Select(asserted => asserted.Kind).ToList();
            if (kinds.Count == 0)
            {
                problems.Error(place.MarkOf("identifiers"), "identifiers-empty", $"Source '{name}' may assert no identifier.", "Add '- {kind: customer-id, assurance: signed-in}', or leave the source out.");
            }

            foreach (var twice in kinds.GroupBy(kind => kind).Where(group => group.Count() > 1))
            {
                problems.Error(place.MarkOf("identifiers"), "kind-twice", $"Source '{name}' names the kind '{twice.Key}' twice.", "Leave one of them.");
            }

            foreach (var kind in kinds.Where(kind => !found.Contains(kind)))
            {
                problems.Warn(place.MarkOf("identifiers"), "kind-unused", $"Source '{name}' may assert '{kind}', by which no dataset names a person.", "Correct the kind, or leave it: logs are searched for it.");
            }

            if (sources.Keys.Any(other => other != name && string.Equals(other, name, StringComparison.OrdinalIgnoreCase)))
            {
                problems.Error(place.At, "source-twice", $"Source '{name}' and another differ in case only, and queues do not.", "Give it a name of its own.");
            }
        }
    }

    public void LintWindow(Dataset dataset, YamlPlace place)
    {
        if (dataset.RequestWindow is not { } window)
        {
            return;
        }

        if (!dataset.IsSearched)
        {
            problems.Error(place.MarkOf("request-window"), "window-without-format", $"Dataset '{dataset.Name}' has a 'request-window' and is no log that is searched.", "Leave it out: it is for blobs with a 'format' and without 'subjects'.");
        }

        if (window.Months > 0 || window.Days > LongestWindowDays)
        {
            problems.Error(place.MarkOf("request-window"), "window-too-long", $"The 'request-window' of dataset '{dataset.Name}' is longer than {LongestWindowDays} days, or counts months.", $"Write days, P1D to P{LongestWindowDays}D: a request is answered within a month.");
        }
    }
}
