using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Requests;

/// <summary>
/// What the root of a request's closing leaf is over: one entry per dataset, in ordinal order of their names; leaf hash i
/// is SHA-256(0x00 ‖ entry).
/// </summary>
public static class DatasetEntry
{
    /// <summary>JCS of {counts, dataset, operations, scan}, all of it as the scan's own closing leaf states it.</summary>
    public static string OfScan(string dataset, IReadOnlyDictionary<string, long> counts, string operations, string scan)
    {
        var numbers = new JsonObject();
        foreach (var (word, count) in counts)
        {
            numbers[word] = count;
        }

        return Text(new JsonObject { ["counts"] = numbers, ["dataset"] = dataset, ["operations"] = operations, ["scan"] = scan });
    }

    /// <summary>JCS of {dataset, reason}: no scan could look.</summary>
    public static string OfReason(string dataset, string reason) =>
        Text(new JsonObject { ["dataset"] = dataset, ["reason"] = reason });

    /// <summary>The root, lowercase hex.</summary>
    public static string Root(IReadOnlyList<string> entries) => Convert.ToHexStringLower(
        MerkleTree.Root([.. entries.Select(entry => Rfc6962.LeafHash(Encoding.UTF8.GetBytes(entry)))]));

    private static string Text(JsonObject entry) => Encoding.UTF8.GetString(Jcs.Encode(entry));
}
