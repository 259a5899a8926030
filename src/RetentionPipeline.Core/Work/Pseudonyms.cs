using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// Keyed pseudonyms: base64url of the first 16 bytes of HMAC-SHA-256(K_epoch, domain ‖ 0x0a ‖ NFC text). They stand in
/// openings and holds, never in leaves; once K_epoch is destroyed they link to nobody.
/// </summary>
public sealed class Pseudonyms(ISecretStore secrets)
{
    /// <summary>The epoch that new openings are made under.</summary>
    public const int CurrentEpoch = 1;

    private readonly ConcurrentDictionary<int, byte[]> keys = new();

    /// <summary>Name of an epoch's key.</summary>
    public static string KeyName(int epoch) => $"pseudonym-epoch-{epoch:D4}";

    /// <summary>Of a subject's identifier.</summary>
    public Task<string> OfSubjectAsync(int epoch, string kind, string identifier, CancellationToken cancel) =>
        OfAsync(epoch, "subject", $"{kind}\n{identifier}", cancel);

    /// <summary>Of a record: its dataset and its key's canonical text.</summary>
    public Task<string> OfRecordAsync(int epoch, string dataset, string canonicalKey, CancellationToken cancel) =>
        OfAsync(epoch, "record", $"{dataset}\n{canonicalKey}", cancel);

    /// <summary>Of somebody who gave a command: staff are persons too.</summary>
    public Task<string> OfActorAsync(string actor, CancellationToken cancel) =>
        OfAsync(CurrentEpoch, "staff", actor, cancel);

    private async Task<string> OfAsync(int epoch, string domain, string text, CancellationToken cancel)
    {
        if (!keys.TryGetValue(epoch, out var key))
        {
            key = keys.GetOrAdd(epoch, await secrets.GetOrCreateAsync(KeyName(epoch), cancel));
        }

        var input = Encoding.UTF8.GetBytes($"{domain}\n{text.Normalize(NormalizationForm.FormC)}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(key, input).AsSpan(0, 16));
    }
}
