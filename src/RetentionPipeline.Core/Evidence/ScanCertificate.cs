using System.Text;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>A bundle of scans for a person: one page, no scripts, nothing fetched, every text encoded.</summary>
internal sealed class ScanCertificate(BundleFacts facts, BundleLog log, IReadOnlyList<DatasetClaim> claims)
{
    private readonly StringBuilder page = new(CertificateText.Head("Certificate of erasure by rule"));

    public byte[] Write()
    {
        var scope = facts.Scope!;
        page.Append("<h1>Certificate of erasure by rule</h1>\n<dl>\n");
        Define("Scan", scope.Scan);
        Define("Dataset", scope.Dataset);
        Define("Begun at or after", scope.From is { } from ? LeafTime.Text(from) : null);
        Define("Begun before", scope.To is { } to ? LeafTime.Text(to) : null);
        page.Append("</dl>\n<h2>What happened, scan by scan</h2>\n<table><thead><tr>");
        foreach (var head in new[] { "Dataset and rule", "Outcome", "Records", "What is left", "Last day of a copy", "Leaves of the log" })
        {
            page.Append("<th scope=\"col\">").Append(head).Append("</th>");
        }

        page.Append("</tr></thead><tbody>\n");
        foreach (var claim in claims)
        {
            Write(claim);
        }

        page.Append("</tbody></table>\n");
        WriteMeaning();
        page.Append("</body></html>\n");
        return Encoding.ASCII.GetBytes(page.ToString());
    }

    private void Write(DatasetClaim claim)
    {
        var start = log.Scans[claim.Scan!].Start!.Value.Leaf.Body;
        page.Append("<tr><th scope=\"row\">").Append(Text($"{claim.Dataset}, rule {start["rule"]} of policy {start["policy"]}"))
            .Append("</th><td>").Append(Text($"{WordsOf(claim.State, (string)start["action"]!)} Cut-off {start["cutOff"]}; scan {claim.Scan}."));
        Cell(string.Join(", ", claim.Counts.Select(pair => $"{pair.Value} {pair.Key}")));
        Cell(StatementOf(claim));
        Cell(CertificateText.CopiesOf(claim));
        Cell(string.Join(", ", claim.Leaves.Select(leaf => leaf.ToString(CultureInfo.InvariantCulture))));
        page.Append("</td></tr>\n");
    }

    private static string WordsOf(string state, string action) => state switch
    {
        "done" => $"Done: what was past its limit was {(action == "anonymise" ? "anonymised" : "erased")}, as far as the records say.",
        "report" => "Reported only: nothing was touched.",
        "refused" => "Parked above its cap and not approved: nothing was touched.",
        DatasetClaims.Failed => "Failed: not confirmed. Records may or may not be there.",
        _ => "Open: the scan has not closed.",
    };

    private static string StatementOf(DatasetClaim claim)
    {
        if (claim.Absence is not { } absence)
        {
            return "";
        }

        var basis = $"Basis: {absence.Examined} records examined, {absence.Undated} of them without a date and left out, {absence.Consistency} reads.";
        return absence.Stands
            ? $"Signed statement of absence: no hold-free record of this dataset was older than the limit of rule {absence.Rule}, as of {LeafTime.Text(absence.CutOffAt)}. {basis}"
            : $"No statement of absence: {absence.NotActed} due records were not acted on, {absence.Failed} are not confirmed. {basis}";
    }

    private void WriteMeaning()
    {
        var checkpoint = Checkpoint.Parse(SignedNote.Parse(facts.Note.Span).Text);
        page.Append(CultureInfo.InvariantCulture, $"""
            <h2>What this proves</h2>
            <p>Each line rests on leaves of an append-only log. Their exact bytes and the path of each to the signed checkpoint
            (log <code>{Text(checkpoint.Origin)}</code>, {checkpoint.Size} leaves, root
            <code>{Convert.ToHexStringLower(checkpoint.Root)}</code>) are in this bundle. A scan that has closed is here with all
            of its operations. No person is named, and no record.</p>
            {CertificateText.GradeOf(facts)}
            <p>It does not prove that a store keeps no other copy, that a query missed no record, or that the log holds no other
            scan of this dataset or period. A statement of absence is the pipeline's signed word, with its basis, no proof.</p>

            """);
    }

    private void Define(string name, string? text)
    {
        if (text is not null)
        {
            page.Append("<dt>").Append(name).Append("</dt><dd><code>").Append(Text(text)).Append("</code></dd>\n");
        }
    }

    private void Cell(string text) => page.Append("</td><td>").Append(Text(text));

    private static string Text(string text) => CertificateText.Encode(text);
}
