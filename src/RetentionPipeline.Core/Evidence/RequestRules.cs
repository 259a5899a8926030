using System.Text.Json.Nodes;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// A request goes from its receipt to its end in lawful steps, and its end states exactly what the scans say that it
/// names: every dataset has reported, no chain of a scan is open, and it is complete only if nothing was kept and nothing
/// is unconfirmed.
/// </summary>
internal sealed class RequestRules(
    IReadOnlyDictionary<string, ScanLeaves> scans, IReadOnlySet<string> policies, IOpeningsSource? openings)
{
    /// <summary>Tries of one dataset: a failed one is tried again for 27 days, a held one after each release.</summary>
    private const int MostTries = 1_000;

    /// <summary>Days that a log may collect requests, with room.</summary>
    private const int MostWindowDays = 366;

    private readonly List<string> @unchecked = [];

    /// <summary>Requests whose list of datasets was not checked.</summary>
    public IReadOnlyList<string> Unchecked => @unchecked;

    /// <summary>The leaves of one request, by index.</summary>
    public void Check(string request, IReadOnlyList<RequestLeaf> leaves, List<LogProblem> problems)
    {
        RequestLeaf? before = null, accepted = null;
        var partly = 0;
        foreach (var leaf in leaves)
        {
            if (!Follows(before?.State, leaf, partly))
            {
                problems.Add(new(leaf.Index, "request-order", $"Request {request} is {leaf.Part} after {before?.Part ?? "nothing"}, which no request can be."));
            }

            if (before is not null && (leaf.Source != before.Source || (leaf.Policy is { } policy && policy != leaves[0].Policy)))
            {
                problems.Add(new(leaf.Index, "request-receipt", $"A leaf of request {request} names another source or policy than its receipt."));
            }

            if (before is not null && leaf.At < before.At)
            {
                problems.Add(new(leaf.Index, "time-backwards", $"Request {request} was {leaf.Part} before it was {before.Part}."));
            }

            if (leaf.Policy is { } named && !policies.Contains(named))
            {
                problems.Add(new(leaf.Index, "policy-unknown", $"Request {request} names a policy that the log does not hold."));
            }

            accepted = leaf.Part == RequestLeaf.Accepted ? leaf : accepted;
            if (leaf.Closing is { } closing)
            {
                CheckClosing(request, accepted, leaf, closing, problems);
            }

            partly += leaf.State == RequestLeaf.Partially ? 1 : 0;
            before = leaf;
        }
    }

    /// <summary>Whether a scan is for the request alone, on the dataset.</summary>
    public static bool IsOwnTask(string request, string dataset, string scan) =>
        Guid.TryParse(request, out var id) && Guid.TryParse(scan, out var named)
        && Enumerable.Range(0, MostTries).Any(number => DerivedId.TaskOf(id, dataset, number) == named);

    /// <summary>Whether a scan serves the requests of the window of that log which had ended at its cut-off.</summary>
    public static bool IsWindowOf(string dataset, string scan, DateTimeOffset cutOff) =>
        Guid.TryParse(scan, out var named)
        && RequestWindows.Lengths(MostWindowDays).Any(length => DerivedId.Window(dataset, RequestWindows.NumberAt(cutOff, length) - 1) == named);

    private static bool Follows(string? before, RequestLeaf leaf, int partly) => (before, leaf.State) switch
    {
        (null, RequestLeaf.Parked or RequestLeaf.Accepted or RequestLeaf.Rejected) => true,
        (RequestLeaf.Parked, RequestLeaf.Accepted or RequestLeaf.Rejected) => true,
        (RequestLeaf.Accepted or RequestLeaf.Partially, RequestLeaf.Completed) => leaf.Part == RequestLeaf.Completed,
        (RequestLeaf.Accepted or RequestLeaf.Partially, RequestLeaf.Partially) =>
            leaf.Part == (partly == 0 ? RequestLeaf.Partially : $"{RequestLeaf.Partially}.{partly}"),
        _ => false,
    };

    private void CheckClosing(
        string request, RequestLeaf? accepted, RequestLeaf leaf, RequestClosing closing, List<LogProblem> problems)
    {
        void Report(string rule, string message) => problems.Add(new(leaf.Index, rule, message));

        if (accepted?.Datasets != closing.Count)
        {
            Report("request-datasets", $"Request {request} ends with {closing.Count} datasets; it was accepted for {accepted?.Datasets ?? 0}: one has not reported.");
        }

        if (closing.State != leaf.State)
        {
            Report("request-state", $"The end of request {request} states another state than its leaf's part.");
        }

        var tasks = closing.Tasks.Select(task => scans.GetValueOrDefault(task)).OfType<ScanLeaves>().Where(scan => scan.Close is not null).ToList();
        if (tasks.Count != closing.Tasks.Count || tasks.Any(scan => scan.Close!.Value.Index > leaf.Index))
        {
            Report("request-chain-open", $"Request {request} has ended, and a scan that it names had not closed before.");
            return;
        }

        if (tasks.Any(scan => scan.Close!.Value.Leaf.At > leaf.At))
        {
            Report("time-backwards", $"Request {request} ended before a scan that it names.");
        }

        if (tasks.Any(scan => !IsOwn(request, scan)) || tasks.Select(DatasetOf).Distinct().Count() != tasks.Count)
        {
            Report("request-tasks", $"Request {request} names a scan that is no task of it, or two of one dataset.");
        }

        CheckRoot(request, leaf, closing, tasks, Report);
        var complete = tasks.Count == closing.Count && tasks.All(IsClean);
        if (complete != (leaf.State == RequestLeaf.Completed))
        {
            Report("request-state", complete
                ? $"Request {request} is partially-completed, and its scans kept nothing and left nothing unconfirmed."
                : $"Request {request} is completed, and a dataset kept something, is unconfirmed or was not searched.");
        }
    }

    private void CheckRoot(
        string request, RequestLeaf leaf, RequestClosing closing, IReadOnlyList<ScanLeaves> tasks, Action<string, string> report)
    {
        var ofScans = tasks.OrderBy(DatasetOf, StringComparer.Ordinal).Select(EntryOf).ToList();
        var given = openings?.FindRequest(request, leaf.Part)?.Entries;
        if (given is null && tasks.Count != closing.Count)
        {
            // The log alone does not name a dataset that no scan could look at.
            if (!@unchecked.Contains(request))
            {
                @unchecked.Add(request);
            }

            return;
        }

        var entries = given ?? ofScans;
        if (entries.Count != closing.Count || DatasetEntry.Root(entries) != closing.Root || !HoldsJust(entries, ofScans))
        {
            report("request-root", $"The end of request {request} does not commit to what the scans say that it names.");
        }
    }

    /// <summary>Every scan's entry, and beside them only datasets that no scan could look at.</summary>
    private static bool HoldsJust(IReadOnlyList<string> entries, IReadOnlyList<string> ofScans) =>
        ofScans.All(entries.Contains)
        && entries.Except(ofScans).All(entry => JsonNode.Parse(entry) is JsonObject { Count: 2 } other && other.ContainsKey("reason"));

    private static bool IsOwn(string request, ScanLeaves scan)
    {
        var body = scan.Close!.Value.Leaf.Body;
        return (string)body["rule"]! == Policies.Rule.Request
            && LeafTime.TryParse((string)body["cutOff"]!) is { } cutOff
            && (IsOwnTask(request, DatasetOf(scan), scan.Scan) || IsWindowOf(DatasetOf(scan), scan.Scan, cutOff));
    }

    private static bool IsClean(ScanLeaves scan)
    {
        var body = scan.Close!.Value.Leaf.Body;
        return (string)body["status"]! == "done"
            && !body["counts"]!.AsObject().Any(pair => pair.Key is "retained" or "failed" && (long)pair.Value! > 0);
    }

    private static string DatasetOf(ScanLeaves scan) => IntentFacts.Text(scan.Close!.Value.Leaf.Body, "dataset");

    /// <summary>The entry of a scan that has closed.</summary>
    public static string EntryOf(ScanLeaves scan)
    {
        var body = scan.Close!.Value.Leaf.Body;
        var counts = body["counts"]!.AsObject().ToDictionary(pair => pair.Key, pair => (long)pair.Value!);
        return DatasetEntry.OfScan(DatasetOf(scan), counts, IntentFacts.Text(body, "root"), scan.Scan);
    }
}
