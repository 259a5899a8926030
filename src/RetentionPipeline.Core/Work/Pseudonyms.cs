using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// Keyed pseudonyms: base64url of the first 16 bytes of HMAC-SHA-256(K_epoch, domain ‖ 0x0a ‖ NFC text). They stand in
/// openings and holds, never in leaves; once K_epoch is destroyed they link to nobody, and whoever asks for one under it gets
/// an <see cref="EpochDestroyedException"/>.
/// </summary>
public sealed class Pseudonyms(EpochKeys keys)
{
    /// <summary>Name of an epoch's key.</summary>
    public static string KeyName(int epoch) => $"pseudonym-epoch-{epoch:D4}";

    /// <summary>The epoch that new openings are made under.</summary>
    public Task<int> CurrentEpochAsync(CancellationToken cancel) => keys.CurrentAsync(cancel);

    /// <summary>Every epoch that somebody can be found under, the newest last; without those whose keys are not there.</summary>
    public Task<IReadOnlyList<int>> LiveEpochsAsync(CancellationToken cancel) => keys.LiveAsync(cancel);

    /// <summary>
    /// The live ones among those that are asked for, the newest last. Throws <see cref="SecretRefusedException"/> if one of
    /// them is live and its key is not there.
    /// </summary>
    public Task<IReadOnlyList<int>> LiveEpochsAsync(Func<int, bool> isAsked, CancellationToken cancel) => keys.LiveAsync(isAsked, cancel);

    /// <summary>Of a subject's identifier.</summary>
    public Task<string> OfSubjectAsync(int epoch, string kind, string identifier, CancellationToken cancel) =>
        OfAsync(epoch, "subject", $"{kind}\n{identifier}", cancel);

    /// <summary>Of a record: its dataset and its key's canonical text.</summary>
    public Task<string> OfRecordAsync(int epoch, string dataset, string canonicalKey, CancellationToken cancel) =>
        OfAsync(epoch, "record", $"{dataset}\n{canonicalKey}", cancel);

    /// <summary>Of somebody who gave a command, under the epoch of the day: staff are persons too.</summary>
    public async Task<string> OfActorAsync(string actor, CancellationToken cancel) =>
        await OfAsync(await keys.CurrentAsync(cancel), "staff", actor, cancel);

    private async Task<string> OfAsync(int epoch, string domain, string text, CancellationToken cancel)
    {
        var key = await keys.GetAsync(epoch, cancel);
        var input = Encoding.UTF8.GetBytes($"{domain}\n{text.Normalize(NormalizationForm.FormC)}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(key, input).AsSpan(0, 16));
    }
}
