using System.Globalization;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Ledger;

/// <summary>What a commit says: so far the lanes are in the log, and this is its tree. JCS bytes.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Size">Leaves.</param>
/// <param name="Root">Root.</param>
/// <param name="Lanes">Position of each lane up to which it is in the log.</param>
public sealed record CommitRecord(long Number, long Size, byte[] Root, IReadOnlyList<LanePosition> Lanes)
{
    /// <summary>Before the first.</summary>
    public static readonly CommitRecord None =
        new(0, 0, Rfc6962.EmptyRoot, [.. Enumerable.Repeat(default(LanePosition), LanePosition.Lanes)]);

    /// <summary>Bytes of the record.</summary>
    public byte[] Encode() => Jcs.Encode(new JsonObject
    {
        ["lanes"] = new JsonArray([.. Lanes.Select(lane => (JsonNode)lane.ToString())]),
        ["number"] = Number,
        ["root"] = Convert.ToHexStringLower(Root),
        ["size"] = Size,
        ["v"] = 1,
    });

    /// <summary>Throws <see cref="LedgerCorruptException"/> for bytes that are no commit record.</summary>
    public static CommitRecord Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var json = Jcs.Parse(bytes);
            var lanes = json["lanes"]!.AsArray().Select(lane => LanePosition.Parse(lane!.GetValue<string>())).ToList();
            return new CommitRecord(
                json["number"]!.GetValue<long>(), json["size"]!.GetValue<long>(),
                Convert.FromHexString(json["root"]!.GetValue<string>()), lanes);
        }
        catch (Exception problem) when (problem is FormatException or NullReferenceException or InvalidOperationException)
        {
            throw new LedgerCorruptException(string.Create(
                CultureInfo.InvariantCulture, $"A commit record of {bytes.Length} bytes cannot be read."));
        }
    }
}
