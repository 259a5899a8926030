using System.Security.Cryptography;
using System.Text.Json.Nodes;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Policies;

/// <summary>
/// What a verifier without a YAML parser needs of a policy, as canonical JSON. The policy's leaf holds its hash, so that it
/// is as much the log's word as the text's own hash is; whoever can read the text checks that it says the same.
/// </summary>
public static class PolicyFacts
{
    /// <summary><c>{"datasets":[{"keeps":[{"citation","name"}],"name","searchable"}]}</c>, in ordinal order of names.</summary>
    public static JsonObject Of(Policy policy) => new()
    {
        ["datasets"] = new JsonArray([.. policy.Datasets.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new JsonObject
        {
            ["keeps"] = new JsonArray([.. pair.Value.KeepAtLeast.OrderBy(keep => keep.Name, StringComparer.Ordinal)
                .Select(keep => new JsonObject { ["citation"] = keep.Citation, ["name"] = keep.Name })]),
            ["name"] = pair.Key,
            ["searchable"] = pair.Value.Subjects.Count > 0 || pair.Value.IsSearched,
        })]),
    };

    /// <summary>SHA-256 of its canonical bytes, lowercase hex.</summary>
    public static string HashOf(Policy policy) => Convert.ToHexStringLower(SHA256.HashData(Jcs.Encode(Of(policy))));
}
