using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Verifies a bundle from its bytes and a key alone. The manifest is not signed, so nothing rests on it: what the files
/// claim is written again from leaves and openings and compared byte by byte, and so is the archive.
/// </summary>
public static class BundleVerification
{
    /// <summary>Largest bundle.</summary>
    public const int MaxBytes = StoredZip.MaxBytes;

    /// <summary>Finds everything that is wrong. Never throws, whatever the bytes are.</summary>
    public static BundleVerdict Verify(ReadOnlyMemory<byte> zip, NoteVerifier verifier) => Verify(zip, BundleTrust.Of(verifier));

    /// <summary>Finds everything that is wrong, also with the anchors. Never throws, whatever the bytes are.</summary>
    public static BundleVerdict Verify(ReadOnlyMemory<byte> zip, BundleTrust trust)
    {
        var reading = StoredZip.Read(zip);
        var problems = reading.Problems.ToList();
        if (reading.Files.Count == 0)
        {
            problems.Add(new(StoredZip.Zip, StoredZip.Zip, "The file holds no bundle."));
            return new(null, [], problems, []);
        }

        Checkpoint? checkpoint = null;
        IReadOnlyList<DatasetClaim> claims = [];
        List<string> open = [];
        List<string> anchors = [];
        if (new BundleParser(reading.Files, trust.Key, problems).Parse() is { } facts)
        {
            anchors = AnchorChecks.Check(facts, trust, problems, open);
            checkpoint = new BundleChecks(facts, problems).CheckLog();
            if (checkpoint is not null && !problems.Any(problem => problem.Rule is "inclusion" or "canonical"))
            {
                claims = CheckContent(facts, reading.Files, problems, open);
                open.AddRange(facts.Stated.Datasets.Where(dataset => dataset.Reason is not null)
                    .Select(dataset => $"dataset {dataset.Dataset} is open, {dataset.Reason}: the operator's own word"));
                open.AddRange(facts.Shown.Where(shown => shown.Opening.Forgotten is not null)
                    .Select(shown => $"record {shown.Place} of operation {shown.Operation}: not shown; the operator says that its opening was forgotten"));
                open.AddRange(facts.Stated.Forgotten.Select(operation => $"records of operation {operation}: not shown; the operator says that its openings are not kept any more"));
            }
        }

        return new(checkpoint, problems.Count == 0 ? claims : [], [.. problems.Distinct()], open) { Anchors = anchors };
    }

    private static IReadOnlyList<DatasetClaim> CheckContent(
        BundleFacts facts, IReadOnlyList<BundleFile> files, List<BundleProblem> problems, List<string> open)
    {
        try
        {
            var log = new BundleLog(facts);
            new PolicyChecks(facts, problems).Check(log);
            if (facts.Scope is { } scope)
            {
                new ScanChecks(facts, scope, problems).Check(log);
            }
            else
            {
                var checks = new BundleChecks(facts, problems);
                checks.CheckMeaning(log);
                checks.CheckStatement(log);
                checks.CheckRecords(log);
                var committed = log.CommittedSubjects().Count;
                if (facts.Stated.Subjects.Count < committed)
                {
                    open.Add($"whom the records name: {facts.Stated.Subjects.Count} of the person's {committed} identifiers are opened");
                }
            }

            Compare(BundleFiles.Of(facts, log), files, problems);
            return BundleFiles.ClaimsOf(facts, log);
        }
        catch (Exception problem) when (problem is NullReferenceException or InvalidOperationException or FormatException
            or ArgumentException or KeyNotFoundException or OverflowException)
        {
            problems.Add(new(
                BundleNames.Manifest, "content", "Leaves, records and statement do not fit together, so that the claims cannot be written again. Ask for the whole bundle."));
            return [];
        }
    }

    private static void Compare(IReadOnlyList<BundleFile> expected, IReadOnlyList<BundleFile> files, List<BundleProblem> problems)
    {
        var there = files.GroupBy(file => file.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Content, StringComparer.Ordinal);
        foreach (var file in expected)
        {
            if (!there.Remove(file.Name, out var content))
            {
                problems.Add(new(file.Name, "missing", "The file is missing. Ask for the whole bundle."));
            }
            else if (!content.Span.SequenceEqual(file.Content.Span))
            {
                problems.Add(new(file.Name, "not-proved", "The file is not what the leaves and openings say: it was changed."));
            }
        }

        problems.AddRange(there.Keys.Select(name => new BundleProblem(name, "extra-file", "Nothing in the leaves leads to this file: it was added.")));
    }
}
