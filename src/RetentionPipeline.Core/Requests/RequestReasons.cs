namespace RetentionPipeline.Core.Requests;

/// <summary>Why a request is refused. Stable codes: they stand in replies and leaves.</summary>
public static class RequestReasons
{
    /// <summary>Larger than <see cref="RequestEvent.MaxBytes"/>.</summary>
    public const string TooLarge = "too-large";

    /// <summary>No JSON object, or a key twice.</summary>
    public const string Unreadable = "unreadable";

    /// <summary>An attribute or field that no request has.</summary>
    public const string AttributeUnknown = "attribute-unknown";

    /// <summary>No CloudEvents 1.0.</summary>
    public const string SpecVersion = "specversion";

    /// <summary>No id of 1 to 128 printable ASCII characters.</summary>
    public const string IdInvalid = "id-invalid";

    /// <summary>Another source than the one whose queue it came through.</summary>
    public const string SourceMismatch = "source-mismatch";

    /// <summary>Another type than <see cref="RequestEvent.Type"/>.</summary>
    public const string TypeUnknown = "type-unknown";

    /// <summary>A time that is no RFC 3339 time.</summary>
    public const string TimeInvalid = "time-invalid";

    /// <summary>A subject that is no text, or an empty one.</summary>
    public const string SubjectInvalid = "subject-invalid";

    /// <summary>Data of another content type than application/json.</summary>
    public const string ContentType = "content-type";

    /// <summary>No list of identifiers, or an empty one.</summary>
    public const string IdentifiersMissing = "identifiers-missing";

    /// <summary>More than <see cref="RequestEvent.MaxIdentifiers"/>.</summary>
    public const string IdentifiersTooMany = "identifiers-too-many";

    /// <summary>An identifier without kind and value, or with a value of fewer than 4 or more than 320 characters.</summary>
    public const string IdentifierInvalid = "identifier-invalid";

    /// <summary>A kind that the policy does not let the source assert.</summary>
    public const string KindNotAllowed = "kind-not-allowed";

    /// <summary>An identifier of the person stands in an attribute, where logs and brokers show it.</summary>
    public const string IdentifierInAttribute = "identifier-in-attribute";

    /// <summary>A person refused what was above the source's cap.</summary>
    public const string RefusedAboveCap = "refused-above-cap";
}
