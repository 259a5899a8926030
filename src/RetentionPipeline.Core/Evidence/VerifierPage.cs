using System.Text;
using System.Text.Json;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// <c>verify.html</c>: one file that checks a bundle in a browser, without the network, by the same rules as
/// <see cref="BundleVerification"/>. Whoever distrusts a bundle takes the page from elsewhere: <c>retention evidence
/// verifier</c> writes it. The page is a frame with scripts in it, and the form of VERIFY.md as one of their constants.
/// </summary>
public static class VerifierPage
{
    private static readonly IReadOnlyList<string> Scripts = ["bytes.js", "archive.js", "log.js", "rules.js", "claims.js", "certificate.js", "check.js", "page.js"];
    private static readonly ReadOnlyMemory<byte> Page = Make();

    /// <summary>The page; ends without a line feed, as browsers write a document.</summary>
    public static ReadOnlyMemory<byte> Bytes() => Page;

    private static ReadOnlyMemory<byte> Make()
    {
        var guide = $"\"{JsonEncodedText.Encode(GuidePage.Form)}\"";
        var script = new StringBuilder("'use strict';\n");
        foreach (var name in Scripts)
        {
            script.Append(Read(name));
        }

        return Encoding.UTF8.GetBytes(Read("page.html").TrimEnd('\n')
            .Replace("@SCRIPT@", script.ToString().Replace("'@GUIDE@'", guide, StringComparison.Ordinal), StringComparison.Ordinal));
    }

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(VerifierPage).Assembly.GetManifestResourceStream($"verify.{name}")!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
