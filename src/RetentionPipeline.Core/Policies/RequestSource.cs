namespace RetentionPipeline.Core.Policies;

/// <summary>
/// A system that may hand in requests. Its entrance, the queue <c>requests-NAME</c>, is its identity: only it may send there.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Identifiers">The kinds of identifier that it may assert; any other kind is refused.</param>
/// <param name="PerHour">Requests of one clock hour (UTC) that are carried out; what is above waits for a person.</param>
/// <param name="PerDay">The same for one day (UTC).</param>
public sealed record RequestSource(string Name, IReadOnlyList<AssertedKind> Identifiers, int PerHour, int PerDay)
{
    /// <summary>With what assurance the source may assert the kind; null if it may not.</summary>
    public Assurance? AssuranceOf(string kind) =>
        Identifiers.FirstOrDefault(asserted => asserted.Kind == kind)?.Assurance;
}

/// <summary>A kind of identifier that a source may assert.</summary>
/// <param name="Kind">customer-id, email, phone, device-id, cookie-id …</param>
/// <param name="Assurance">What the source has done to know that it is the person's.</param>
public sealed record AssertedKind(string Kind, Assurance Assurance);

/// <summary>What a source has done to know that an identifier is the person's who asks; it stands in the request's leaf.</summary>
public enum Assurance
{
    /// <summary>The person was signed in to the account that it belongs to (11 CCR §7061).</summary>
    SignedIn,

    /// <summary>The source checked it: an answered message, matched facts (11 CCR §7062).</summary>
    Verified,
}
