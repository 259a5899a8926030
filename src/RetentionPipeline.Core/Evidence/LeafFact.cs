using System.Runtime.CompilerServices;
using System.Text.Json;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What the rules of meaning need of a leaf.</summary>
/// <param name="Type">Type of the leaf.</param>
/// <param name="Id">What it is about.</param>
/// <param name="Part">Sub-key.</param>
/// <param name="At">Its time.</param>
/// <param name="IsWell">Of intents and outcomes: the body states what such a leaf states.</param>
/// <param name="Batch">Of intents and outcomes.</param>
/// <param name="Other">Of all other types.</param>
internal readonly record struct LeafFact(
    string Type, NamedId Id, string Part, DateTimeOffset At, bool IsWell, BatchFact Batch, Leaf? Other);

/// <summary>What an intent or an outcome states.</summary>
internal struct BatchFact
{
    public NamedId Scan;
    public NamedId? Chained;
    public string Dataset;
    public string Policy;
    public string? Root;
    public long Count;
    public long Epoch;
    public long HoldVersion;
    public ResultCounts Counts;
    public LeafDigest Hash;
    public ResidualCopies? Residuals;
}

/// <summary>A leaf hash.</summary>
[InlineArray(Rfc6962.HashLength)]
internal struct LeafDigest
{
    private byte first;

    public static LeafDigest Of(ReadOnlySpan<byte> hash)
    {
        var digest = default(LeafDigest);
        hash.CopyTo(digest);
        return digest;
    }
}

/// <summary>Records by result, and which results are named.</summary>
internal struct ResultCounts
{
    private static readonly IReadOnlyList<string> Words = [.. Enum.GetValues<OutcomeResult>().Select(OutcomeEncoding.Word)];

    private PerResult counts;
    private byte named;

    public readonly long this[OutcomeResult result] => counts[(int)result];

    /// <summary>Of all results.</summary>
    public readonly long Sum
    {
        get
        {
            var sum = 0L;
            foreach (var count in counts)
            {
                sum += count;
            }

            return sum;
        }
    }

    /// <summary>Those that are named, by their words in leaves.</summary>
    public readonly IEnumerable<(OutcomeResult Result, long Count)> Named()
    {
        var (mask, all) = (named, counts);
        return Enum.GetValues<OutcomeResult>().Where(result => (mask & (1 << (int)result)) != 0).Select(result => (result, all[(int)result]));
    }

    /// <summary>Adds all but what is deferred: that goes on in a child, which states it.</summary>
    public void AddEnded(in ResultCounts other)
    {
        for (var result = 0; result < Words.Count; result++)
        {
            if (result != (int)OutcomeResult.Deferred && (other.named & (1 << result)) != 0)
            {
                counts[result] += other.counts[result];
                named |= (byte)(1 << result);
            }
        }
    }

    /// <summary>Reads the object that the reader stands on; false where it names no result or no number.</summary>
    public static bool TryRead(ref Utf8JsonReader json, out ResultCounts read)
    {
        read = default;
        if (json.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var result = 0;
            while (result < Words.Count && !json.ValueTextEquals(Words[result]))
            {
                result++;
            }

            if (result == Words.Count || !json.Read() || json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out var count))
            {
                return false;
            }

            read.counts[result] = count;
            read.named |= (byte)(1 << result);
        }

        return true;
    }

    [InlineArray(7)]
    private struct PerResult
    {
        private long first;
    }
}

/// <summary>
/// Makes facts of leaves. Intents and outcomes are nearly all of a log: they are read without building anything.
/// Safe for concurrent use.
/// </summary>
/// <param name="keepsRoots">Somebody will compare them with openings.</param>
internal sealed class LeafFactReader(bool keepsRoots)
{
    private const Field AllOfIntent = Field.Scan | Field.Dataset | Field.Count | Field.HoldVersion | Field.Policy | Field.Root;
    private const Field AllOfOutcome = Field.Scan | Field.Dataset | Field.Count | Field.HoldVersion | Field.Counts | Field.Root;
    private readonly SharedNames names = new();

    [Flags]
    private enum Field
    {
        None = 0,
        Scan = 1,
        Dataset = 2,
        Count = 4,
        HoldVersion = 8,
        Policy = 16,
        Root = 32,
        Counts = 64,
        Chained = 128,
        Residuals = 256,
        Epoch = 512,
    }

    public LeafFact Read(in LeafView leaf)
    {
        var (type, part) = (names.Of(leaf.Type), names.Of(leaf.Part));
        if (type is not (LeafTypes.Intent or LeafTypes.Outcome))
        {
            return new LeafFact(type, NamedId.Of(leaf.Id), part, leaf.At, true, default, leaf.ToLeaf());
        }

        var isWell = TryRead(leaf.Body, type == LeafTypes.Intent, out var batch);
        batch.Hash = LeafDigest.Of(leaf.Hash);
        return new LeafFact(type, NamedId.Of(leaf.Id), part, leaf.At, isWell, batch, null);
    }

    private bool TryRead(ReadOnlySpan<byte> body, bool isIntent, out BatchFact batch)
    {
        batch = default;
        var json = new Utf8JsonReader(body);
        var seen = Field.None;
        for (json.Read(); json.Read() && json.TokenType == JsonTokenType.PropertyName;)
        {
            var field = FieldOf(json.ValueSpan, isIntent);
            json.Read();
            if (!TryTake(ref json, field, ref batch))
            {
                return false;
            }

            seen |= field;
        }

        var all = isIntent ? AllOfIntent : AllOfOutcome;
        return (seen & all) == all;
    }

    private bool TryTake(ref Utf8JsonReader json, Field field, ref BatchFact batch)
    {
        switch (field)
        {
            case Field.None:
                json.Skip();
                return true;
            case Field.Residuals:
                batch.Residuals = ResidualCopies.TryRead(ref json);
                return batch.Residuals is not null;
            case Field.Counts:
                return ResultCounts.TryRead(ref json, out batch.Counts);
            case Field.Count:
                return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out batch.Count);
            case Field.Epoch:
                return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out batch.Epoch);
            case Field.HoldVersion:
                return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out batch.HoldVersion);
        }

        if (json.TokenType != JsonTokenType.String)
        {
            return false;
        }

        var text = json.ValueIsEscaped ? System.Text.Encoding.UTF8.GetBytes(json.GetString()!) : json.ValueSpan;
        switch (field)
        {
            case Field.Scan:
                batch.Scan = NamedId.Of(text);
                break;
            case Field.Chained:
                batch.Chained = NamedId.Of(text);
                break;
            case Field.Dataset:
                batch.Dataset = names.Of(text);
                break;
            case Field.Policy:
                batch.Policy = names.Of(text);
                break;
            default:
                batch.Root = keepsRoots ? System.Text.Encoding.UTF8.GetString(text) : null;
                break;
        }

        return true;
    }

    /// <summary>Escapes are none of a known name's: in canonical form only what must be escaped is.</summary>
    private static Field FieldOf(ReadOnlySpan<byte> name, bool isIntent) => name.Length switch
    {
        4 => name.SequenceEqual("scan"u8) ? Field.Scan : name.SequenceEqual("root"u8) ? Field.Root : Field.None,
        5 => name.SequenceEqual("count"u8) ? Field.Count
            : name.SequenceEqual("holds"u8) ? Field.HoldVersion
            : !isIntent && name.SequenceEqual("child"u8) ? Field.Chained
            : isIntent && name.SequenceEqual("epoch"u8) ? Field.Epoch : Field.None,
        6 => isIntent && name.SequenceEqual("policy"u8) ? Field.Policy
            : isIntent && name.SequenceEqual("parent"u8) ? Field.Chained
            : !isIntent && name.SequenceEqual("counts"u8) ? Field.Counts : Field.None,
        7 => name.SequenceEqual("dataset"u8) ? Field.Dataset : Field.None,
        9 => !isIntent && name.SequenceEqual("residuals"u8) ? Field.Residuals : Field.None,
        _ => Field.None,
    };
}
