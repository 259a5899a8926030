using System.Text;

namespace RetentionPipeline.Core.Records;

/// <summary>One identifier of a person. Personal data: sealed wherever it is stored.</summary>
/// <param name="Kind">customer-id, email, phone, device-id, cookie-id …</param>
/// <param name="Value">Normalised by <see cref="Of"/>.</param>
public sealed record SubjectIdentifier(string Kind, string Value)
{
    /// <summary>
    /// NFC, without surrounding white space; e-mail addresses in lower case, since people type them either way and no
    /// provider in use tells them apart.
    /// </summary>
    public static SubjectIdentifier Of(string kind, string value)
    {
        var text = value.Trim().Normalize(NormalizationForm.FormC);
        return new(kind, kind == "email" ? text.ToLowerInvariant() : text);
    }

    /// <summary>Hides the value.</summary>
    public override string ToString() => $"SubjectIdentifier({Kind}, …)";
}
