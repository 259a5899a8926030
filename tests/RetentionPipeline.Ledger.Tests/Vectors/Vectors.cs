using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Ledger.Tests.Vectors;

/// <summary>What the second implementation, <c>make_vectors.py</c> beside this file, printed.</summary>
internal static class Vector
{
    private static readonly JsonObject All = (JsonObject)JsonNode.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "vectors.json")))!;

    public static readonly string Origin = "ledger.example/2026";

    public static readonly byte[] Seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    public static JsonNode At(string name) => All[name]!;

    public static string Text(string name) => All[name]!.GetValue<string>();

    /// <summary>Leaf i of the sample log; two in a row are about one operation.</summary>
    public static byte[] SampleLeaf(int i)
    {
        var text = JsonNode.Parse(At("leaves")[0]!.GetValue<string>())!["body"]!["text"]!.GetValue<string>();
        var at = new DateTimeOffset(2026, 2, 28, 23, 0, 0, TimeSpan.Zero).AddSeconds(i % 3600).AddMilliseconds(i % 1000);
        return Leaf.Encode(i % 2 == 0 ? "intent" : "outcome", $"{i / 2:D8}-0000-5000-8000-000000000000", "", at, new JsonObject
        {
            ["count"] = i,
            ["escaped"] = "\"\\\b\f\n\r\t\u001f\u007f",
            ["text"] = text,
            ["list"] = new JsonArray(true, false, -1, (1L << 53) - 1, new JsonArray(), new JsonObject()),
        });
    }

    /// <summary>Leaf hashes of the 4-byte numbers 0, 1, 2 ….</summary>
    public static List<byte[]> NumberHashes(int count) => [.. Enumerable.Range(0, count).Select(i => Rfc6962.LeafHash(Number(i)))];

    public static byte[] Number(int i)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, i);
        return bytes;
    }

    public static byte[] Hex(string hex) => Convert.FromHexString(hex);
}
