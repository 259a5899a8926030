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

    /// <summary>Throws <see cref="LedgerCorruptException"/> for bytes that are not the commit record of that number.</summary>
    public static CommitRecord Decode(ReadOnlySpan<byte> bytes, long number)
    {
        try
        {
            var json = Jcs.Parse(bytes);
            var record = new CommitRecord(
                (long)json["number"]!, (long)json["size"]!, Convert.FromHexString((string)json["root"]!),
                [.. json["lanes"]!.AsArray().Select(lane => LanePosition.Parse((string)lane!))]);

            // Whatever is more, less or written otherwise shows here.
            if (record.Encode().AsSpan().SequenceEqual(bytes) && record.Number == number && record.Size >= 0
                && record.Root.Length == Rfc6962.HashLength && record.Lanes.Count == LanePosition.Lanes)
            {
                return record;
            }
        }
        catch (Exception problem) when (problem is FormatException or NullReferenceException or InvalidOperationException)
        {
            // Told below.
        }

        throw new LedgerCorruptException($"What stands as commit {number} of the journal is no commit record of that number.");
    }
}
