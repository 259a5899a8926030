namespace RetentionPipeline.EndToEnd.Tests.Docs;

/// <summary>A fenced block of a document, with what its fence says of it: <c>sh run</c>, <c>yaml policy</c>.</summary>
/// <param name="File">Path from the repository's root.</param>
/// <param name="Line">Of the fence, from 1.</param>
/// <param name="Mark">What stands behind the fence.</param>
/// <param name="Text">What stands between.</param>
internal sealed record DocBlock(string File, int Line, string Mark, string Text)
{
    /// <summary>Run, in order, in the reader's terminal; exit code 0.</summary>
    public const string Run = "sh run";

    /// <summary>Runs in a terminal of its own until the last document's end, and says so when it is up.</summary>
    public const string Keep = "sh run keep";

    /// <summary>Needs something that no test has: an account, a person.</summary>
    public const string ByHand = "sh by-hand";

    /// <summary>A whole policy, without a problem.</summary>
    public const string Policy = "yaml policy";

    /// <summary>The file that it quotes, where the fence names one: <c>js samples/senders/javascript/send.js</c>.</summary>
    public string? FileOf => Mark.Split(' ') is [_, var second] && second.Contains('/', StringComparison.Ordinal) ? second : null;

    public static IReadOnlyList<DocBlock> Parse(string file, string text)
    {
        var blocks = new List<DocBlock>();
        var lines = text.Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            if (!lines[at].StartsWith("```", StringComparison.Ordinal))
            {
                continue;
            }

            var end = Array.FindIndex(lines, at + 1, line => line.TrimEnd() == "```");
            if (end < 0)
            {
                throw new FormatException($"{file}:{at + 1}: the block has no end.");
            }

            blocks.Add(new DocBlock(file, at + 1, lines[at][3..].Trim(), string.Join('\n', lines[(at + 1)..end])));
            at = end;
        }

        return blocks;
    }

    /// <summary>The blocks of README and of every page of docs.</summary>
    public static IReadOnlyList<DocBlock> OfRepository(string root) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories)
            .Prepend(Path.Combine(root, "README.md"))
            .SelectMany(file => Parse(Path.GetRelativePath(root, file).Replace('\\', '/'), System.IO.File.ReadAllText(file))),
    ];

    public override string ToString() => $"{File}:{Line} ({Mark})";
}
