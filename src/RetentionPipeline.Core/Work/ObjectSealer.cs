using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// Encrypts what holds record keys, identifiers or positions before it becomes an object or a row. AES-256-GCM; the
/// object's name is the associated data, so that a sealed object cannot be passed off under another name.
/// Layout: version 0x01 ‖ nonce (12) ‖ tag (16) ‖ ciphertext.
/// </summary>
public sealed class ObjectSealer(ISecretStore secrets)
{
    /// <summary>Name of the data key.</summary>
    public const string DataKey = "data-key";

    private const int NonceLength = 12;
    private const int TagLength = 16;
    private byte[]? key;

    /// <summary>Seals content; each time with another nonce, so the bytes differ and write-once decides.</summary>
    public async Task<byte[]> SealAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        using var aes = new AesGcm(await KeyAsync(cancel), TagLength);
        var sealedBytes = new byte[1 + NonceLength + TagLength + content.Length];
        sealedBytes[0] = 1;
        var nonce = sealedBytes.AsSpan(1, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        aes.Encrypt(
            nonce, content.Span, sealedBytes.AsSpan(1 + NonceLength + TagLength),
            sealedBytes.AsSpan(1 + NonceLength, TagLength), Encoding.UTF8.GetBytes(name));
        return sealedBytes;
    }

    /// <summary>
    /// Opens what <see cref="SealAsync"/> made under the same name. Throws <see cref="SealBrokenException"/> for
    /// anything else.
    /// </summary>
    public async Task<byte[]> OpenAsync(string name, ReadOnlyMemory<byte> sealedBytes, CancellationToken cancel)
    {
        if (sealedBytes.Length < 1 + NonceLength + TagLength || sealedBytes.Span[0] != 1)
        {
            throw new SealBrokenException(name);
        }

        using var aes = new AesGcm(await KeyAsync(cancel), TagLength);
        var content = new byte[sealedBytes.Length - 1 - NonceLength - TagLength];
        try
        {
            aes.Decrypt(
                sealedBytes.Span.Slice(1, NonceLength), sealedBytes.Span[(1 + NonceLength + TagLength)..],
                sealedBytes.Span.Slice(1 + NonceLength, TagLength), content, Encoding.UTF8.GetBytes(name));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new SealBrokenException(name);
        }

        return content;
    }

    /// <summary>A keyed value for the share of a ramp: HMAC-SHA-256 over the text under the data key.</summary>
    public async Task<byte[]> MacAsync(string text, CancellationToken cancel) =>
        HMACSHA256.HashData(await KeyAsync(cancel), Encoding.UTF8.GetBytes(text));

    private async Task<byte[]> KeyAsync(CancellationToken cancel) =>
        key ??= await secrets.GetOrCreateAsync(DataKey, cancel);
}

/// <summary>An object that was not sealed under this name with this deployment's data key.</summary>
public sealed class SealBrokenException(string name)
    : Exception($"The object '{name}' cannot be opened: it was changed, or sealed with another data key. "
        + "Check that the keys belong to this deployment's data.");
