using System.Security.Cryptography;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace RetentionPipeline.Core.Policies;

/// <summary>A document that was read.</summary>
/// <param name="Policy">Null if any problem is an error.</param>
/// <param name="Problems">All of them, in the order of the document.</param>
public sealed record PolicyLoadResult(Policy? Policy, IReadOnlyList<PolicyProblem> Problems);

/// <summary>Reads policy documents: YAML, at most 1 MiB, no anchors.</summary>
public static class PolicyDocument
{
    private const int MaxCharacters = 1024 * 1024;

    /// <summary>Reads a document and finds everything that is wrong with it.</summary>
    /// <param name="text">The document; its UTF-8 bytes are what the hash is of.</param>
    /// <param name="file">Name for messages.</param>
    public static PolicyLoadResult Load(string text, string file)
    {
        var problems = new ProblemList();
        if (ReadRoot(text, file, problems) is not { } root
            || YamlPlace.Of(root, "policy", "policy", problems) is not { } place)
        {
            return new PolicyLoadResult(null, problems.InOrder);
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var policy = new PolicyReader(problems).Read(place, hash);
        return new PolicyLoadResult(problems.HasErrors ? null : policy, problems.InOrder);
    }

    private static YamlNode? ReadRoot(string text, string file, ProblemList problems)
    {
        if (text.Length > MaxCharacters)
        {
            problems.Error(new Mark(0, 1, 1), "too-large", $"{file} is larger than 1 MiB.", "Split it, or shorten it.");
            return null;
        }

        try
        {
            if (FindAnchor(text) is { } anchor)
            {
                problems.Error(anchor, "anchor", "The policy uses a YAML anchor or alias.", "Write the value out where it is used.");
                return null;
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count == 1)
            {
                return stream.Documents[0].RootNode;
            }

            problems.Error(
                new Mark(0, 1, 1), "not-one-document", $"{file} holds {stream.Documents.Count} documents.",
                "Write exactly one policy.");
        }
        catch (Exception broken) when (broken is YamlException or InvalidOperationException)
        {
            // The scanner reports some broken flow sequences by another exception, which has no place.
            problems.Error(
                (broken as YamlException)?.Start ?? new Mark(0, 1, 1), "yaml-broken", "The document is no YAML from here on, or repeats a key.",
                "Check the indentation, quotes and keys near this place.");
        }

        return null;
    }

    private static Mark? FindAnchor(string text)
    {
        var parser = new Parser(new StringReader(text));
        while (parser.MoveNext())
        {
            if (parser.Current is AnchorAlias || parser.Current is NodeEvent { Anchor.IsEmpty: false })
            {
                return parser.Current.Start;
            }
        }

        return null;
    }
}
