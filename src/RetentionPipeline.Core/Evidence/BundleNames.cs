using System.Text.RegularExpressions;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What a file of a bundle is.</summary>
internal enum BundleFileKind
{
    Manifest,
    Certificate,
    Guide,
    Checkpoint,
    Keys,
    Claim,
    Entry,
    Proof,
    Shown,
    PolicyText,
    Page,
    Stamp,
    Cosignature,
}

/// <summary>A name, taken apart.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Operation or hash.</param>
/// <param name="Number">Index or place.</param>
internal sealed record BundleName(BundleFileKind Kind, string Id, long Number);

/// <summary>Names of a bundle's files. Whatever is none of them does not belong there: so no path leads out of it.</summary>
internal static partial class BundleNames
{
    public const string Manifest = "manifest.json";
    public const string Certificate = "certificate.html";
    public const string Guide = "VERIFY.md";
    public const string Checkpoint = "checkpoint";
    public const string Keys = "keys/verifiers.txt";
    public const string Page = "verify.html";

    public static string Claim(string operation) => $"claims/{operation}.json";

    public static string Entry(long index) => string.Create(CultureInfo.InvariantCulture, $"entries/{index}.json");

    public static string Proof(long index) => string.Create(CultureInfo.InvariantCulture, $"proofs/{index}.tlog-proof");

    public static string Shown(string operation, int place) =>
        string.Create(CultureInfo.InvariantCulture, $"records/{operation}/{place}.json");

    /// <summary>What an outside party gave; a slash in its name becomes an underscore.</summary>
    public static string Anchor(string party, AnchorKind kind) =>
        $"anchors/{party.Replace('/', '_')}{(kind is AnchorKind.TimeStamp ? ".tsr" : ".note")}";

    public static string PolicyText(string hash) => $"policy/{hash}.yaml";

    /// <summary>Null for a name that no bundle has.</summary>
    public static BundleName? Parse(string name)
    {
        BundleFileKind? single = name switch
        {
            Manifest => BundleFileKind.Manifest,
            Certificate => BundleFileKind.Certificate,
            Guide => BundleFileKind.Guide,
            Checkpoint => BundleFileKind.Checkpoint,
            Keys => BundleFileKind.Keys,
            Page => BundleFileKind.Page,
            _ => null,
        };
        if (single is { } kind)
        {
            return new(kind, "", 0);
        }

        var match = Form().Match(name);
        if (!match.Success)
        {
            return null;
        }

        var number = match.Groups["n"].Value;
        return new(
            match.Groups["kind"].Value switch
            {
                "claims" => BundleFileKind.Claim,
                "entries" => BundleFileKind.Entry,
                "proofs" => BundleFileKind.Proof,
                "records" => BundleFileKind.Shown,
                "anchors" => name.EndsWith(".tsr", StringComparison.Ordinal) ? BundleFileKind.Stamp : BundleFileKind.Cosignature,
                _ => BundleFileKind.PolicyText,
            },
            match.Groups["id"].Value, number.Length == 0 ? 0 : long.Parse(number, CultureInfo.InvariantCulture));
    }

    private const string Id = "(?<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})";
    private const string Number = "(?<n>0|[1-9][0-9]{0,14})";

    [GeneratedRegex(
        $@"\A((?<kind>claims)/{Id}\.json|(?<kind>entries)/{Number}\.json|(?<kind>proofs)/{Number}\.tlog-proof"
        + $@"|(?<kind>records)/{Id}/(?<n>0|[1-9][0-9]{{0,5}})\.json|(?<kind>policy)/(?<id>[0-9a-f]{{64}})\.yaml"
        + @"|(?<kind>anchors)/(?<id>[A-Za-z0-9._-]{1,200})\.(tsr|note))\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
