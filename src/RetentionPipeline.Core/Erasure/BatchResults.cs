using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// What one operation ended in, written once: the outcome entries, the exact bytes of the outcome leaf, and what the
/// child needs. The loser of a race uses the winner's.
/// </summary>
/// <param name="Entries">One per record, in the batch's order; canonical JSON, see <see cref="OutcomeEncoding"/>.</param>
/// <param name="Leaf">The outcome leaf.</param>
/// <param name="Deferred">Places of the records that go on in the child.</param>
/// <param name="ChildNotBefore">When the child may begin; null without one.</param>
/// <param name="ChildIdle">The child's <see cref="WorkBatch.IdleChildren"/>.</param>
/// <param name="Acted">This delivery changed something.</param>
/// <param name="Delivery">Random, of the delivery that wrote it.</param>
public sealed record BatchResults(
    IReadOnlyList<string> Entries, byte[] Leaf, IReadOnlyList<int> Deferred, DateTimeOffset? ChildNotBefore,
    int ChildIdle, bool Acted, string Delivery)
{
    /// <summary>Records by result, as the leaf states them.</summary>
    public IReadOnlyDictionary<OutcomeResult, long> Counts() => OutcomeEncoding.ReadCounts(RetentionPipeline.Ledger.Leaf.Parse(Leaf).Body);

    /// <summary>Lines changed or dropped in logs.</summary>
    public long Lines()
    {
        var body = RetentionPipeline.Ledger.Leaf.Parse(Leaf).Body;
        return body["lines"] is JsonObject lines ? (long)lines["changed"]! + (long)lines["dropped"]! : 0;
    }

    /// <summary>What is left of it for those who only add up.</summary>
    public OperationEnd ToEnd()
    {
        var leaf = RetentionPipeline.Ledger.Leaf.Parse(Leaf);
        return new(Counts(), Lines(), Deferred.Count, leaf.At, Convert.ToHexStringLower(Rfc6962.LeafHash(Leaf)))
        {
            Residuals = ResidualCopies.Read(leaf.Body),
        };
    }

    internal static BatchResults Read(StoredObject stands) =>
        JsonSerializer.Deserialize(stands.Content.Span, ErasureJsonContext.Default.BatchResults)
        ?? throw new FormatException("A results object holds null.");

    internal byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, ErasureJsonContext.Default.BatchResults);
}

/// <summary>How one operation ended, without its records.</summary>
/// <param name="Counts">Records by result.</param>
/// <param name="Lines">Lines changed or dropped in logs.</param>
/// <param name="Deferred">Records that go on in the child.</param>
/// <param name="At">Time of the outcome leaf.</param>
/// <param name="Outcome">Leaf hash of the outcome leaf, lowercase hex.</param>
public sealed record OperationEnd(
    IReadOnlyDictionary<OutcomeResult, long> Counts, long Lines, int Deferred, DateTimeOffset At, string Outcome)
{
    /// <summary>Copies that it disclosed; null without one.</summary>
    public ResidualCopies? Residuals { get; init; }
}

/// <summary>Outcome entries and leaves as bytes.</summary>
public static class OutcomeEncoding
{
    /// <summary>JCS of {commitment, result, basis, …}: what leaf hash i of the outcome's root is the hash of.</summary>
    public static string Entry(byte[] commitment, RecordOutcome outcome)
    {
        var entry = new JsonObject
        {
            ["basis"] = outcome.Basis,
            ["commitment"] = Convert.ToHexStringLower(commitment),
            ["result"] = Word(outcome.Result),
        };
        if (outcome.Reason is { } reason)
        {
            entry["reason"] = reason;
        }

        if (outcome.Until is { } until)
        {
            entry["until"] = LeafTime.Text(until);
        }

        if (outcome.ActedVersion is { } version)
        {
            entry["version"] = version;
        }

        if (outcome.LinkVersion is { } link)
        {
            entry["link"] = link;
        }

        if (outcome.Lines is { } lines)
        {
            entry["lines"] = new JsonObject { ["changed"] = lines.Changed, ["dropped"] = lines.Dropped };
        }

        return Encoding.UTF8.GetString(Jcs.Encode(entry));
    }

    /// <summary>The outcome leaf.</summary>
    public static byte[] Encode(WorkBatch batch, IReadOnlyList<string> entries, OutcomeFacts facts, DateTimeOffset at)
    {
        var hashes = entries.Select(entry => Rfc6962.LeafHash(Encoding.UTF8.GetBytes(entry))).ToList();
        var counts = new JsonObject();
        foreach (var group in facts.Outcomes.GroupBy(outcome => outcome.Result))
        {
            counts[Word(group.Key)] = group.Count();
        }

        var body = new JsonObject
        {
            ["count"] = entries.Count,
            ["counts"] = counts,
            ["dataset"] = batch.Dataset,
            ["holds"] = facts.HoldVersion,
            ["policy"] = facts.Policy,
            ["root"] = Convert.ToHexStringLower(MerkleTree.Root(hashes)),
            ["scan"] = batch.Scan.ToString("D"),
        };
        if (facts.Outcomes.Any(outcome => outcome.Result is OutcomeResult.Deferred))
        {
            body["child"] = DerivedId.Child(batch.Operation).ToString("D");
        }

        if (facts.Outcomes.Any(outcome => outcome.Lines is not null))
        {
            body["lines"] = new JsonObject
            {
                ["changed"] = facts.Outcomes.Sum(outcome => outcome.Lines?.Changed ?? 0),
                ["dropped"] = facts.Outcomes.Sum(outcome => outcome.Lines?.Dropped ?? 0),
            };
        }

        if (ResidualCopies.Of(facts.Outcomes) is { } copies)
        {
            body["residuals"] = copies.ToJson();
        }

        return Leaf.Encode(LeafTypes.Outcome, batch.Operation.ToString("D"), "", at, body);
    }

    /// <summary>Counts of an outcome leaf's body.</summary>
    public static IReadOnlyDictionary<OutcomeResult, long> ReadCounts(JsonObject body)
    {
        var counts = new Dictionary<OutcomeResult, long>();
        foreach (var (word, count) in body["counts"]!.AsObject())
        {
            counts[Enum.Parse<OutcomeResult>(word, ignoreCase: true)] = (long)count!;
        }

        return counts;
    }

    /// <summary>The word in leaves.</summary>
    public static string Word(OutcomeResult result) => result.ToString().ToLowerInvariant();
}

/// <summary>What a delivery found out.</summary>
/// <param name="Outcomes">One per record, in the batch's order.</param>
/// <param name="Policy">Hash of the policy acted under.</param>
/// <param name="HoldVersion">The oldest hold version that an act rested on.</param>
/// <param name="Acted">An act was sent.</param>
public sealed record OutcomeFacts(
    IReadOnlyList<RecordOutcome> Outcomes, string Policy, long HoldVersion, bool Acted);
