using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// The policies of this deployment. One is in force; earlier texts stay readable by their hash, since plans and leaves
/// name them. Safe for concurrent use.
/// </summary>
public sealed class PolicyBook(
    IObjectStore objects, IRowStore rows, LaneWriter lanes, TimeProvider time, PipelineTimes times)
{
    private const string Partition = "policy";
    private const string Row = "in-force";
    private readonly ConcurrentDictionary<string, Policy> parsed = new(StringComparer.Ordinal);

    /// <summary>
    /// Puts a policy in force. Order: the text, then the row (handlers obey from here on), then the leaf, whose bytes
    /// stand in the row, so that whoever comes back after a crash appends the same. Storing the one in force again
    /// changes nothing; one that was in force before comes in force again, with a leaf that says so. Problems of the document are returned, and then nothing was stored.
    /// </summary>
    public async Task<IReadOnlyList<PolicyProblem>> StoreAsync(string text, string file, CancellationToken cancel)
    {
        var result = PolicyDocument.Load(text, file);
        if (result.Policy is not { } policy)
        {
            return result.Problems;
        }

        await objects.WriteOnceAsync(ObjectNames.Policy(policy.Hash), Encoding.UTF8.GetBytes(text), cancel);
        parsed[policy.Hash] = policy;
        while (true)
        {
            var row = await rows.ReadAsync(Partition, Row, cancel);
            if (row is not null && Read(row).Hash == policy.Hash)
            {
                await AppendLeafAsync(cancel);
                return result.Problems;
            }

            // The leaf of the one before, whose bytes are about to go: who stored it may have died before that.
            if (row is not null)
            {
                await lanes.AppendAsync([Read(row).Leaf], cancel);
            }

            // How often it came in force stands in a row of its own, and changes with the other one.
            var counted = await rows.ReadAsync(Partition, policy.Hash, cancel);
            var before = counted is null ? 0 : int.Parse(counted.Text, NumberStyles.None, CultureInfo.InvariantCulture);
            var next = JsonSerializer.Serialize(
                new PolicyRow(policy.Hash, MakeLeaf(policy, before)), ErasureJsonContext.Default.PolicyRow);
            if (await rows.CommitAsync(
                Partition, [Put(Row, next, row), Put(policy.Hash, (before + 1).ToString(CultureInfo.InvariantCulture), counted)], cancel)
                is RowCommit.Committed)
            {
                await AppendLeafAsync(cancel);
                return result.Problems;
            }
        }
    }

    /// <summary>Appends the leaf of the policy in force once more; the log keeps the first.</summary>
    public async Task AppendLeafAsync(CancellationToken cancel)
    {
        if (await rows.ReadAsync(Partition, Row, cancel) is { } row)
        {
            await lanes.AppendAsync([Read(row).Leaf], cancel);
        }
    }

    /// <summary>The policy in force, read now. Throws if none was ever stored: nothing may act without one.</summary>
    public async Task<Policy> InForceAsync(CancellationToken cancel)
    {
        var row = await rows.ReadAsync(Partition, Row, cancel)
            ?? throw new InvalidOperationException("No policy is in force. Store one first: nothing acts without it.");
        return await GetAsync(Read(row).Hash, cancel);
    }

    /// <summary>The policy of that hash.</summary>
    public async Task<Policy> GetAsync(string hash, CancellationToken cancel)
    {
        if (parsed.TryGetValue(hash, out var known))
        {
            return known;
        }

        var stands = await objects.ReadAsync(ObjectNames.Policy(hash), cancel)
            ?? throw new InvalidOperationException($"The text of policy {hash} is not in the store any more.");
        var found = Convert.ToHexStringLower(SHA256.HashData(stands.Content.Span));
        var policy = PolicyDocument.Load(Encoding.UTF8.GetString(stands.Content.Span), hash).Policy;
        return found == hash && policy is not null
            ? parsed.GetOrAdd(hash, policy)
            : throw new LedgerCorruptException($"The stored text of policy {hash} is not the one of that hash.");
    }

    private static RowWrite Put(string name, string text, StoredRow? stands) => stands is null
        ? new RowWrite.Insert(name, text)
        : new RowWrite.Replace(name, text, stands.Version);

    /// <summary>A policy that comes in force again, as one that is rolled back to does, has a leaf of its own for it.</summary>
    private byte[] MakeLeaf(Policy policy, int before)
    {
        var now = time.GetUtcNow();
        var earliest = now + times.BarrierWait;
        return Leaf.Encode(
            LeafTypes.Policy, policy.Hash, before == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"again.{before}"), now, new JsonObject
            {
                ["effectiveFrom"] = LeafTime.Text(policy.EffectiveFrom > earliest ? policy.EffectiveFrom : earliest),
                ["facts"] = PolicyFacts.HashOf(policy),
                ["name"] = policy.Name,
                ["policy"] = policy.Hash,
            });
    }

    private static PolicyRow Read(StoredRow row) =>
        JsonSerializer.Deserialize(row.Text, ErasureJsonContext.Default.PolicyRow)
        ?? throw new FormatException("The row of the policy in force holds null.");
}

internal sealed record PolicyRow(string Hash, byte[] Leaf);
