namespace RetentionPipeline.Core.Policies;

/// <summary>
/// The keys of the document, by place. The reader refuses any other; the published JSON Schema is checked against this
/// table.
/// </summary>
public static class PolicyKeys
{
    /// <summary>By place: the document, or the mapping below a key.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> ByPlace =
        new Dictionary<string, IReadOnlyList<string>>
        {
            ["policy"] = ["version", "name", "effective-from", "purposes", "stores", "datasets", "rules", "sources"],
            ["store"] = ["kind", "region", "requests-per-second", "residuals"],
            ["residual"] = ["kind", "window"],
            ["dataset"] =
            [
                "store", "container", "prefix", "name-date", "category", "purposes", "collected-from", "recipients",
                "controller", "subjects", "clocks", "keep-at-least", "exceptions", "quasi-identifiers", "stage-field",
                "format", "options", "request-window",
            ],
            ["subject"] = ["path", "kind"],
            ["clock"] = ["kind", "field", "format", "open-while-missing", "link"],
            ["link"] = ["dataset", "partition", "id"],
            ["keep"] = ["name", "clock", "period", "citation"],
            ["exception"] = ["code", "field", "value"],
            ["options"] = ["remove-snapshots", "max-expanded-bytes", "convert-closed-append-blobs"],
            ["rule"] =
            [
                "name", "dataset", "clock", "fallback-clock", "period", "periods", "action", "operators", "mode", "ramp",
                "cap", "max-undated", "schedule",
            ],
            ["purpose-period"] = ["purpose", "period"],
            ["ramp"] = ["from", "percent-per-day"],
            ["cap"] = ["records", "percent"],
            ["source"] = ["identifiers", "cap"],
            ["asserted"] = ["kind", "assurance"],
            ["source-cap"] = ["per-hour", "per-day"],
        };
}
