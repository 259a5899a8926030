using System.Text.Encodings.Web;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What the certificates have in common.</summary>
internal static class CertificateText
{
    private const int DateLength = 10;

    /// <summary>Up to the page's first heading.</summary>
    public static string Head(string title) => $$$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>{{{title}}}</title>
        <style>
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}
        table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.4rem .6rem;text-align:left;vertical-align:top}
        code{overflow-wrap:anywhere}
        @media print{body{font-size:10pt;margin:0;max-width:none}tr{break-inside:avoid}thead{display:table-header-group}h2{break-after:avoid}}
        </style></head><body>

        """;

    /// <summary>The last day on which a copy that was disclosed may be left in its store.</summary>
    public static string CopiesOf(DatasetClaim claim) => claim switch
    {
        { Until: { } until, CopiesGoneAt: { } gone } =>
            $"{LeafTime.Text(until)[..DateLength]}; on {LeafTime.Text(gone)[..DateLength]} all had aged out of the store",
        { Until: { } until } => LeafTime.Text(until)[..DateLength],
        { Operations.Count: > 0 } => "none disclosed",
        _ => "",
    };

    /// <summary>A paragraph.</summary>
    public static string GradeOf(BundleFacts facts)
    {
        var grade = BundleFiles.GradeOf(facts);
        var why = grade == BundleFiles.Ungraded
            ? "No outside party has vouched for this checkpoint."
            : $"Vouched for by: {Encode(string.Join(", ", facts.Anchors.Select(anchor => anchor.Name)))}. Grade A asks besides for locked storage, which a bundle cannot show.";
        return $"<p>Grade {grade}: {BundleFiles.MeaningOf(grade)}. {why}</p>";
    }

    /// <summary>Text in HTML; everything but ASCII as a reference.</summary>
    public static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
