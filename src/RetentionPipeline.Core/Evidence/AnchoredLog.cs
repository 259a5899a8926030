using System.Security.Cryptography;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What an <c>anchor</c> leaf states.</summary>
internal sealed record AnchorLeaf(long Size, string Party, AnchorKind Kind, string Hash)
{
    /// <summary>Null for a leaf of another form: it anchors nothing.</summary>
    public static AnchorLeaf? Of(Leaf leaf) =>
        (long?)leaf.Body["size"] is { } size && (string?)leaf.Body["hash"] is { } hash && (string?)leaf.Body["kind"] is { } kind
            ? new(size, leaf.Part, kind == "rfc3161" ? AnchorKind.TimeStamp : AnchorKind.Cosignature, hash)
            : null;
}

/// <summary>
/// Chooses the checkpoint that a bundle is under: the newest one that outside parties vouched for, if it covers all of the
/// bundle's leaves; most kinds of parties first. So <c>anchors/</c> are over the bundle's own <c>checkpoint</c>, and nobody
/// needs a proof of consistency. What is younger than the last anchor is under the published checkpoint, without one.
/// </summary>
public sealed class AnchoredLog(LogReader log, ITileStore tiles)
{
    internal async Task<(LogProver Prover, IReadOnlyList<BundleFile> Anchors)> ChooseAsync(
        LogProver published, IReadOnlyList<AnchorLeaf> anchors, long last, CancellationToken cancel)
    {
        var candidates = anchors.Where(anchor => anchor.Size > last && anchor.Size <= published.Checkpoint.Size)
            .GroupBy(anchor => anchor.Size)
            .OrderByDescending(group => group.Select(anchor => anchor.Kind).Distinct().Count()).ThenByDescending(group => group.Key);
        foreach (var candidate in candidates)
        {
            var files = new SortedDictionary<string, BundleFile>(StringComparer.Ordinal);
            foreach (var anchor in candidate)
            {
                if (await tiles.ReadAsync(AnchorHandler.NameOf(anchor.Size, anchor.Party, anchor.Kind), cancel) is { } bytes
                    && Convert.ToHexStringLower(SHA256.HashData(bytes.Span)) == anchor.Hash)
                {
                    var name = BundleNames.Anchor(anchor.Party, anchor.Kind);
                    files[name] = new(name, bytes);
                }
            }

            if (files.Count > 0 && await tiles.ReadAsync($"checkpoints/{candidate.Key}", cancel) is { } note)
            {
                return (LogProver.Under(log, note), [.. files.Values]);
            }
        }

        return (published, []);
    }
}
