using System.Text;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>The bundle for a person: one page, no scripts, nothing fetched, every text encoded.</summary>
internal sealed class CertificatePage(BundleFacts facts, BundleLog log, IReadOnlyList<DatasetClaim> claims)
{
    private readonly StringBuilder page = new(CertificateText.Head("Certificate of deletion"));

    public byte[] Write()
    {
        WriteRequest();
        page.Append("<h2>What happened, dataset by dataset</h2>\n<table><thead><tr><th scope=\"col\">Dataset</th>")
            .Append("<th scope=\"col\">Outcome</th><th scope=\"col\">Records</th><th scope=\"col\">How it was verified</th>")
            .Append("<th scope=\"col\">Last day of a copy</th><th scope=\"col\">Leaves of the log</th></tr></thead><tbody>\n");
        foreach (var claim in claims)
        {
            WriteClaim(claim);
        }

        page.Append("</tbody></table>\n");
        WriteMeaning();
        page.Append("</body></html>\n");
        return Encoding.ASCII.GetBytes(page.ToString());
    }

    private void WriteRequest()
    {
        page.Append("<h1>Certificate of deletion</h1>\n<dl>\n");
        Define("Request", facts.Request.ToString("D"));
        if (facts.Stated.EventId is { } id)
        {
            Define("Called by its source", id);
        }

        Define("Source", log.Receipt.Source);
        Define("Received", LeafTime.Text(log.Receipt.At));
        foreach (var told in log.Told)
        {
            Define(told.Part, LeafTime.Text(told.At));
        }

        Define("Rule", $"deletion on request, under the policy {log.InForce?.Name ?? ""} with the hash {log.Receipt.Policy}");
        page.Append("</dl>\n");
    }

    private void WriteClaim(DatasetClaim claim)
    {
        page.Append("<tr><th scope=\"row\">").Append(Text(claim.Dataset)).Append("</th><td>").Append(Text(OutcomeOf(claim)));
        if (claim.Served > 1)
        {
            page.Append(Text($" One pass over this log served {claim.Served} requests together: the counts are of all of them."));
        }

        if (facts.Stated.Forgotten.Any(claim.Operations.Contains))
        {
            page.Append(" The openings of some records are not kept any more: their records are counted, not shown.");
        }

        if (facts.Shown.Any(shown => shown.Opening.Forgotten is not null && claim.Operations.Contains(shown.Operation)))
        {
            page.Append(" The openings of some records were forgotten: what became of them is proved, not whose they were.");
        }

        Cell(string.Join(", ", claim.Counts.Select(pair => $"{pair.Value} {WordOf(pair.Key)}")));
        Cell(string.Join("; ", claim.Bases.SelectMany(basis => basis.Split(',')).Distinct().Select(BasisOf)));
        Cell(CertificateText.CopiesOf(claim));
        Cell(string.Join(", ", claim.Leaves.Select(leaf => leaf.ToString(CultureInfo.InvariantCulture))));
        page.Append("</td></tr>\n");
    }

    private void Cell(string text) => page.Append("</td><td>").Append(Text(text));

    private string OutcomeOf(DatasetClaim claim) => claim.State switch
    {
        "done" => "Done: nothing of the person that was found is left here.",
        "absent" => "Absent: nothing of the person was found. This is the pipeline's signed statement of what its query "
            + "returned, not a proof of absence.",
        DatasetClaims.Retained => "Retained: " + string.Join("; ", claim.Reasons.Select(pair => $"{pair.Value} {ReasonOf(claim.Dataset, pair.Key)}")),
        DatasetClaims.Failed => "Failed: not confirmed. Records may or may not be there.",
        DatasetClaims.NotSearchable => "Not searchable: the policy says neither where this dataset names persons nor how to read it.",
        DatasetClaims.Open when claim.Reason is { } reason => $"Open, {reason}"
            + (claim.ExpectedBy is { } by ? $", expected by {LeafTime.Text(by)}." : "."),
        DatasetClaims.Open => "Open: its scan has not closed.",
        RequestLeaf.Rejected => "Not begun: the request was rejected.",
        _ => claim.State,
    };

    private string ReasonOf(string dataset, string reason)
    {
        var (kind, name) = reason.Split(':', 2) is [var before, var after] ? (before, after) : (reason, "");
        return kind switch
        {
            "hold" => "kept by a legal hold",
            "exception" => $"kept under the exception {name}",
            "keep-at-least" => $"kept because the law demands it ({name}: {CitationOf(dataset, name)})",
            _ => reason,
        };
    }

    private string CitationOf(string dataset, string name) =>
        log.InForce?.Datasets.GetValueOrDefault(dataset)?.KeepAtLeast.FirstOrDefault(keep => keep.Name == name)?.Citation ?? "see the policy";

    private static string WordOf(string word) => word switch
    {
        "absent" => "not there",
        "anonymised" => "rewritten without the person's lines",
        "changed" => "no longer naming the person at its turn",
        "failed" => "not confirmed",
        _ => word,
    };

    private static string BasisOf(string basis) => basis switch
    {
        "receipt" => "the store confirmed it",
        "decision" => "decided on what was read; nothing was tried",
        "lines-dropped" => "lines were dropped",
        _ when basis.StartsWith("read-back:", StringComparison.Ordinal) => $"read back afterwards ({basis[10..]} consistency)",
        _ => basis,
    };

    private void WriteMeaning()
    {
        var checkpoint = Checkpoint.Parse(SignedNote.Parse(facts.Note.Span).Text);
        page.Append(CultureInfo.InvariantCulture, $"""
            <h2>What this proves</h2>
            <p>Each outcome rests on leaves of an append-only log. Their exact bytes, the path of each to the signed checkpoint
            (log <code>{Text(checkpoint.Origin)}</code>, {checkpoint.Size} leaves, root
            <code>{Convert.ToHexStringLower(checkpoint.Root)}</code>) and the openings of the person's records are in this bundle.
            Other persons in the same records stay behind hashes.</p>
            {CertificateText.GradeOf(facts)}
            <p>It does not prove that a store keeps no other copy, that a query missed no record, or that the log holds no later
            leaf about this request. What is open, why and until when, is the operator's own word. How to check the rest stands
            in VERIFY.md; verify.html checks it in a browser.</p>

            """);
    }

    private void Define(string name, string text) =>
        page.Append("<dt>").Append(Text(name)).Append("</dt><dd><code>").Append(Text(text)).Append("</code></dd>\n");

    private static string Text(string text) => CertificateText.Encode(text);
}
