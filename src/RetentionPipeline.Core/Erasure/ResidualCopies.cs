using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Copies that acts leave behind in their store (soft delete, versions), as an outcome leaf discloses them.</summary>
/// <param name="Count">Records of which a copy is left.</param>
/// <param name="Until">When the last one is gone.</param>
public sealed record ResidualCopies(long Count, DateTimeOffset Until)
{
    /// <summary>Both together; null is none.</summary>
    public static ResidualCopies? Sum(ResidualCopies? one, ResidualCopies? other) => one is null ? other
        : other is null ? one
        : new(one.Count + other.Count, one.Until > other.Until ? one.Until : other.Until);

    /// <summary>Of a leaf's body; null where it discloses none. Throws what a body of another form makes throw.</summary>
    public static ResidualCopies? Read(JsonObject body) => body["residuals"] is JsonObject copies
        ? new((long)copies["count"]!, LeafTime.TryParse((string)copies["until"]!) ?? throw new FormatException("No time."))
        : null;

    /// <summary>Of the object that the reader stands on; null for any other form.</summary>
    internal static ResidualCopies? TryRead(ref Utf8JsonReader json)
    {
        try
        {
            return JsonNode.Parse(ref json) is JsonObject copies ? Read(new JsonObject { ["residuals"] = copies }) : null;
        }
        catch (Exception problem) when (problem is NullReferenceException or InvalidOperationException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    internal static ResidualCopies? Of(IEnumerable<RecordOutcome> outcomes)
    {
        var untils = outcomes.Select(outcome => outcome.Until).OfType<DateTimeOffset>().ToList();
        return untils.Count == 0 ? null : new(untils.Count, untils.Max());
    }

    internal JsonObject ToJson() => new() { ["count"] = Count, ["until"] = LeafTime.Text(Until) };
}
