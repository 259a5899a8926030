namespace RetentionPipeline.Ledger;

/// <summary>Bytes are no leaf, or not in the one form that a leaf has. Never quotes them.</summary>
/// <param name="reason">One of the constants: stable, for programs.</param>
/// <param name="message">For people.</param>
public sealed class LeafFormatException(string reason, string message) : FormatException(message)
{
    /// <summary>No JSON object, or one with a null, a fraction, a repeated key, a key that is not ASCII.</summary>
    public const string NotRestricted = "not-restricted";

    /// <summary>JSON that its canonical form would write otherwise.</summary>
    public const string NotCanonical = "not-canonical";

    /// <summary>Larger than a leaf may be.</summary>
    public const string TooLarge = "too-large";

    /// <summary>Canonical JSON without the envelope of a leaf of version 1.</summary>
    public const string NoEnvelope = "no-envelope";

    /// <summary>Why.</summary>
    public string Reason => reason;
}
