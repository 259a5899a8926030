using System.Globalization;
using Azure.Core;
using RetentionPipeline.Adapters.KeyVault;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>Opens keys that stay where they are.</summary>
public interface ISigningKeys
{
    /// <summary>The key with that id, under that name.</summary>
    Task<INoteSigner> OpenAsync(Uri key, string name, CancellationToken cancel);
}

/// <summary>Keys in vaults.</summary>
public sealed class VaultSigningKeys(TokenCredential credential) : ISigningKeys
{
    /// <inheritdoc/>
    public async Task<INoteSigner> OpenAsync(Uri key, string name, CancellationToken cancel) =>
        await VaultNoteSigner.OpenAsync(key, name, credential, null, cancel);
}

/// <summary>
/// The keys that sign the ledger, as the deployment names them: <c>ed25519:N</c> is key number N among the secrets, an
/// https address a key that never leaves its vault. Rotation: name the new key before the old one, publish it, and take the
/// old one away when everybody has it; in between each checkpoint bears both lines.
/// </summary>
public sealed class LedgerSigners(ISecretStore secrets, PipelineSettings settings, ISigningKeys? vault = null)
{
    /// <summary>Name of the secret that holds the Ed25519 seed of the first key.</summary>
    public const string FirstKey = "ledger-signing-key";

    /// <summary>What signs where nobody says otherwise.</summary>
    public static IReadOnlyList<string> Default { get; } = ["ed25519:1"];

    private const string Numbered = "ed25519:";
    private const int MostKeys = 8;

    /// <summary>
    /// The signers, in the order in which they are named. The first one's key is the one that exports and evidence name. Throws
    /// <see cref="DeploymentException"/> for names that are none.
    /// </summary>
    public async Task<IReadOnlyList<INoteSigner>> OpenAsync(CancellationToken cancel)
    {
        if (WrongWith(settings.Signers) is { } wrong)
        {
            throw new DeploymentException($"The list of signers {wrong}");
        }

        var signers = new List<INoteSigner>(settings.Signers.Count);
        foreach (var name in settings.Signers)
        {
            signers.Add(NumberOf(name) is { } number
                ? new NoteSigner(settings.LedgerOrigin, await secrets.GetOrCreateAsync(SecretOf(number), cancel))
                : await (vault ?? throw new DeploymentException("This host opens no keys in vaults."))
                    .OpenAsync(new Uri(name), settings.LedgerOrigin, cancel));
        }

        return signers;
    }

    /// <summary>What is wrong with names of signers, without the names; null if nothing is.</summary>
    public static string? WrongWith(IReadOnlyList<string> names) =>
        names.Count is 0 or > MostKeys ? $"holds none, or more than {MostKeys}."
        : names.Distinct(StringComparer.Ordinal).Count() != names.Count ? "names one twice."
        : names.All(name => NumberOf(name) is not null || IsAddress(name)) ? null
        : "names something that is neither ed25519:N nor the https address of a version of a key.";

    private static string SecretOf(int number) =>
        number == 1 ? FirstKey : string.Create(CultureInfo.InvariantCulture, $"{FirstKey}-{number:D4}");

    private static int? NumberOf(string name) =>
        name.StartsWith(Numbered, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(Numbered.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 10_000
            ? number
            : null;

    private static bool IsAddress(string name) => Uri.TryCreate(name, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
        && address.AbsolutePath.Trim('/').Split('/') is ["keys", { Length: > 0 }, { Length: > 0 }];
}
