namespace RetentionPipeline.Core.Records;

/// <summary>One record as a store returned it: what a decision is made on, and the version it is made for.</summary>
/// <param name="Key">Names the record.</param>
/// <param name="Version">ETag, opaque. An act conditional on it changes nothing if the record moved since.</param>
/// <param name="Fields">
/// The projected fields that the record has. A field that the record lacks has no entry; one that is null has a null
/// value. Values are string, long, double, bool, <see cref="DateTimeOffset"/>, <see cref="Guid"/>, byte[] or a list of
/// these. Pseudo-fields begin with '@' (<see cref="PseudoFields"/>); blob metadata is <c>metadata.NAME</c>.
/// </param>
/// <param name="Stage">What an earlier rewrite left in the record, or null.</param>
/// <param name="Bytes">Size in bytes as far as the store tells it, else 0.</param>
public sealed record RecordSnapshot(
    RecordKey Key, string Version, IReadOnlyDictionary<string, object?> Fields, StageMark? Stage, long Bytes)
{
    /// <summary>Hides the fields.</summary>
    public override string ToString() => "RecordSnapshot(…)";
}

/// <summary>Fields that are no fields: what a store knows about a record beside its content.</summary>
public static class PseudoFields
{
    /// <summary>Blob name.</summary>
    public const string Name = "@name";

    /// <summary>The date in a blob's name, by the dataset's <c>name-date</c> pattern; missing if it has none.</summary>
    public const string NameDate = "@name-date";

    /// <summary>Creation time of a blob. It survives a rewrite.</summary>
    public const string CreatedAt = "@created-at";

    /// <summary>Moved by every rewrite, so no clock where a rule of the dataset anonymises.</summary>
    public const string LastModified = "@last-modified";
}

/// <summary>
/// What a rewrite stores in the record (a table field, blob metadata): without it an anonymised record would be due
/// for the same stage at every scan, and a rewritten clock would start the next stage's period anew.
/// </summary>
/// <param name="Policy">SHA-256 of the policy acted under, lowercase hex.</param>
/// <param name="Rule">Name of the rule.</param>
/// <param name="Stage">1-based place of the rule among the rules of its dataset.</param>
/// <param name="Operation">The operation that rewrote it: tells "mine, answer lost" from "somebody else's".</param>
/// <param name="ClockAt">The clock as it stood before the rewrite, UTC; later stages count from it.</param>
public sealed record StageMark(string Policy, string Rule, int Stage, Guid Operation, DateTimeOffset ClockAt)
{
    /// <summary>One line of ASCII, fit for a table field and for blob metadata.</summary>
    public string Encode() => string.Join(
        ';', "1", Policy, Rule, Stage.ToString(CultureInfo.InvariantCulture), Operation.ToString("D"),
        ClockAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));

    /// <summary>
    /// Null for text that no version of this code wrote. A caller treats such a record as one without a stage: the
    /// rewrite is idempotent, so doing it again is safe, and skipping it would not be.
    /// </summary>
    public static StageMark? Decode(string? text)
    {
        var parts = text?.Split(';');
        return parts is ["1", var policy, var rule, var stage, var operation, var clock]
            && int.TryParse(stage, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && Guid.TryParseExact(operation, "D", out var id)
            && DateTimeOffset.TryParse(
                clock, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var clockAt)
            ? new StageMark(policy, rule, number, id, clockAt)
            : null;
    }
}
