using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>
/// Leaves as the pipeline writes them, an intent and an outcome for each operation, cut from two patterns so that making
/// them is no part of what is measured.
/// </summary>
internal sealed class BenchLeaves
{
    private const string Id = "00000000-1111-5111-8111-111111111111";
    private static readonly DateTimeOffset At = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string Root = new('a', 64);
    private readonly byte[] intent;
    private readonly byte[] outcome;

    public BenchLeaves()
    {
        intent = Leaf.Encode("intent", Id, "", At, IntentBody(Scan));
        outcome = Leaf.Encode("outcome", Id, "", At.AddSeconds(2), OutcomeBody(Scan));
    }

    /// <summary>Of an operation of that scan, as long as real ones are.</summary>
    public static JsonObject IntentBody(string scan) => new()
    {
        ["action"] = "delete",
        ["count"] = 1_000,
        ["cutOff"] = "2026-01-01T00:00:00.000Z",
        ["dataset"] = "visits",
        ["epoch"] = 1,
        ["holds"] = 0,
        ["policy"] = Policy,
        ["root"] = Root,
        ["rule"] = "visits-end",
        ["scan"] = scan,
    };

    /// <summary>Likewise.</summary>
    public static JsonObject OutcomeBody(string scan) => new()
    {
        ["count"] = 1_000,
        ["counts"] = new JsonObject { ["absent"] = 1, ["erased"] = 999 },
        ["dataset"] = "visits",
        ["holds"] = 0,
        ["policy"] = Policy,
        ["root"] = Root,
        ["scan"] = scan,
    };

    /// <summary>The leaf that all others rest on.</summary>
    public static ReadOnlyMemory<byte> First => Leaf.Encode(
        "policy", Policy, "", At, new JsonObject { ["effectiveFrom"] = "2026-01-01", ["name"] = "bench", ["policy"] = Policy });

    /// <summary>Its hash.</summary>
    public static string Policy => new('b', 64);

    private static string Scan => "22222222-2222-5222-8222-222222222222";

    /// <summary>The intent (even numbers) or outcome (odd ones) of operation number / 2.</summary>
    public ReadOnlyMemory<byte> Of(int number)
    {
        var leaf = (number % 2 == 0 ? intent : outcome).ToArray();
        var at = leaf.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Id));
        (number / 2).TryFormat(leaf.AsSpan(at, 8), out _, "D8", CultureInfo.InvariantCulture);
        return leaf;
    }
}
