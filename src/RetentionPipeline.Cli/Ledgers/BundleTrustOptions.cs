using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RetentionPipeline.Adapters.Anchors;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary>The keys and roots that a verifier brings along.</summary>
internal sealed class BundleTrustOptions
{
    private readonly Option<string> key = new("--key") { Description = "Verifier key, from whom you trust.", Required = true };
    private readonly Option<string[]> witnesses = new("--witness") { Description = "Verifier key of a witness; may be given again." };
    private readonly Option<string?> roots = new("--roots") { Description = "Certificates (PEM) that time stamps may end in." };

    public void AddTo(Command command)
    {
        command.Options.Add(key);
        command.Options.Add(witnesses);
        command.Options.Add(roots);
    }

    /// <summary>Throws <see cref="FormatException"/> that says which one is wrong, and what reading a file throws.</summary>
    public BundleTrust Read(ParseResult result)
    {
        var trusted = new X509Certificate2Collection();
        if (result.GetValue(roots) is { } file)
        {
            try
            {
                trusted.ImportFromPem(File.ReadAllText(file));
            }
            catch (CryptographicException)
            {
                throw new FormatException($"'{file}' holds no certificates in PEM form.");
            }
        }

        return new BundleTrust(
            NoteVerifier.Parse(result.GetValue(key)!), [.. (result.GetValue(witnesses) ?? []).Select(NoteVerifier.Parse)],
            trusted.Count == 0 ? null : (response, note) => TimeOf(response, note, trusted));
    }

    private static DateTimeOffset? TimeOf(ReadOnlyMemory<byte> response, ReadOnlyMemory<byte> note, X509Certificate2Collection trusted)
    {
        try
        {
            return TimeStampCheck.Verify(response, note.Span, trusted);
        }
        catch (Exception refused) when (refused is AnchorRefusedException or CryptographicException)
        {
            return null;
        }
    }
}
