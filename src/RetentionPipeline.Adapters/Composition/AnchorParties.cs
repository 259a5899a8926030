using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Anchors;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>An outside party that a deployment has its checkpoints anchored by.</summary>
/// <param name="Kind">What it gives.</param>
/// <param name="Address">A time stamp authority's address; a witness' submission prefix, which ends in a slash.</param>
/// <param name="Trust">
/// What its answers are checked against: full path of a PEM file with the roots of a time stamp authority, or the verifier key
/// of a witness.
/// </param>
public sealed record AnchorParty(AnchorKind Kind, string Address, string Trust)
{
    /// <summary>Of a time stamp authority, in leaves and file names. A witness is named by its key.</summary>
    public string? Name { get; init; }
}

/// <summary>Makes clients of outside parties.</summary>
public static class AnchorParties
{
    private const int LongestName = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Adds an authority for each; nothing is sent before it is asked.</summary>
    public static IServiceCollection AddAnchors(this IServiceCollection services, IReadOnlyList<AnchorParty> parties)
    {
        foreach (var party in parties)
        {
            services.AddSingleton(provider => Open(party, provider.GetRequiredService<LogReader>()));
        }

        return services;
    }

    /// <summary>What is wrong with it, without its values; null if it can be asked.</summary>
    public static string? WrongWith(AnchorParty party)
    {
        // RFC 3161 authorities answer over plain HTTP: what they give bears its own signature.
        if (!Uri.TryCreate(party.Address, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
        {
            return "names an address that is no http or https URL.";
        }

        if (party.Kind is AnchorKind.Cosignature)
        {
            return !party.Address.EndsWith('/') ? "names a witness' prefix that does not end in a slash."
                : !IsWitnessKey(party.Trust) ? "names no verifier key of a witness (name+id+key of cosignature/v1)."
                : null;
        }

        return party.Name is not { Length: > 0 and <= LongestName } name || !name.All(IsOfName)
            ? "names an authority otherwise than by lowercase letters, digits, dots and hyphens."
            : !HasRoots(party.Trust) ? "names a file that holds no certificates in PEM."
            : null;
    }

    /// <summary>Its client. Throws <see cref="DeploymentException"/> for one that cannot be asked.</summary>
    public static IAnchorAuthority Open(AnchorParty party, LogReader log)
    {
        if (WrongWith(party) is { } wrong)
        {
            throw new DeploymentException($"An outside party of the deployment {wrong}");
        }

        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(15) }) { Timeout = Patience };
        return party.Kind is AnchorKind.Cosignature
            ? new Witness(new Uri(party.Address), NoteVerifier.Parse(party.Trust), log, http)
            : new TimeStampAuthority(party.Name!, new Uri(party.Address), Roots(party.Trust), http);
    }

    private static bool IsOfName(char letter) => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-';

    private static bool IsWitnessKey(string text)
    {
        try
        {
            return NoteVerifier.Parse(text).Algorithm is NoteAlgorithm.Cosignature;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool HasRoots(string file)
    {
        try
        {
            return Roots(file).Count > 0;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return false;
        }
    }

    private static X509Certificate2Collection Roots(string file)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(file);
        return roots;
    }
}
