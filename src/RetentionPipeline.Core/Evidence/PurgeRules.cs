using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary><c>purged</c> follows disclosed copies: of a scan that has closed, all that its outcomes disclosed, not before their time.</summary>
internal sealed class PurgeRules
{
    private readonly List<(long Index, Leaf Leaf)> purged = [];
    private readonly Dictionary<NamedId, ResidualCopies> copies = [];

    /// <summary>What is said to be gone, each with its place.</summary>
    public IReadOnlyList<(long Index, Leaf Leaf)> Purged => purged;

    /// <summary>An outcome of the scan disclosed these.</summary>
    public void Disclose(NamedId scan, ResidualCopies? disclosed)
    {
        if (ResidualCopies.Sum(copies.GetValueOrDefault(scan), disclosed) is { } sum)
        {
            copies[scan] = sum;
        }
    }

    public void Take(long index, Leaf leaf) => purged.Add((index, leaf));

    /// <summary>Once everything is taken. Throws what a body of another form makes throw.</summary>
    public void Check(long index, Leaf leaf, Func<NamedId, (long Index, Leaf Leaf)?> closingOf, List<LogProblem> problems)
    {
        var scan = NamedId.Of(Encoding.ASCII.GetBytes(leaf.Id));
        var stated = ResidualCopies.Read(new JsonObject
        {
            ["residuals"] = new JsonObject { ["count"] = (long)leaf.Body["count"]!, ["until"] = (string)leaf.Body["until"]! },
        });
        var disclosed = copies.GetValueOrDefault(scan);
        if (closingOf(scan) is not { } close || disclosed is null || disclosed != stated || close.Index > index)
        {
            problems.Add(new(index, "purged-undisclosed", $"Copies of scan {leaf.Id} are said to be gone, and its outcomes disclosed none, or others, before."));
        }
        else if (leaf.At < disclosed.Until)
        {
            problems.Add(new(index, "purged-early", $"Copies of scan {leaf.Id} are said to be gone before the time that its outcomes disclose."));
        }
    }
}
