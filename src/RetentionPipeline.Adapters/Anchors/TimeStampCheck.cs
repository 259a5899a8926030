using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace RetentionPipeline.Adapters.Anchors;

/// <summary>What an outside party gave is no proof of the checkpoint; the message says why.</summary>
public sealed class AnchorRefusedException(string message) : Exception(message);

/// <summary>
/// Checks an RFC 3161 response as it was stored: granted, over these bytes, signed by a certificate for time stamping
/// whose chain ends in a root that was given and was valid at the time that is stated.
/// </summary>
public static class TimeStampCheck
{
    private const string ForTimeStamping = "1.3.6.1.5.5.7.3.8";
    private const int Granted = 1;

    /// <summary>The time that is proved. Throws <see cref="AnchorRefusedException"/>.</summary>
    /// <param name="response">TimeStampResp in DER, as in a <c>.tsr</c> file.</param>
    /// <param name="note">What was stamped.</param>
    /// <param name="roots">Certificates that are trusted.</param>
    public static DateTimeOffset Verify(
        ReadOnlyMemory<byte> response, ReadOnlySpan<byte> note, X509Certificate2Collection roots)
    {
        if (!Rfc3161TimestampToken.TryDecode(TokenOf(response), out var token, out var read) || read == 0)
        {
            throw new AnchorRefusedException("The response holds no time stamp token.");
        }

        if (token.TokenInfo.HashAlgorithmId.Value != "2.16.840.1.101.3.4.2.1")
        {
            throw new AnchorRefusedException("The time stamp is not over a SHA-256.");
        }

        if (!token.VerifySignatureForData(note, out var signer))
        {
            throw new AnchorRefusedException("The time stamp is not over this checkpoint, or its signature is not valid.");
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(token.AsSignedCms().Certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ForTimeStamping));
        chain.ChainPolicy.VerificationTime = token.TokenInfo.Timestamp.LocalDateTime;
        return chain.Build(signer)
            ? token.TokenInfo.Timestamp
            : throw new AnchorRefusedException(
                $"The authority's certificate leads to no root that was given ({string.Join(", ", chain.ChainStatus.Select(status => status.Status))}).");
    }

    /// <summary>RFC 3161 section 2.4.2: a status, and where it is 0 or 1 the token.</summary>
    private static ReadOnlyMemory<byte> TokenOf(ReadOnlyMemory<byte> response)
    {
        try
        {
            var all = new AsnReader(response, AsnEncodingRules.DER);
            var parts = all.ReadSequence();
            all.ThrowIfNotEmpty();
            if (!parts.ReadSequence().TryReadInt32(out var status) || status is < 0 or > Granted)
            {
                throw new AnchorRefusedException($"The authority refused (status {status}).");
            }

            var token = parts.ReadEncodedValue();
            parts.ThrowIfNotEmpty();
            return token;
        }
        catch (AsnContentException)
        {
            throw new AnchorRefusedException("The response is no RFC 3161 time stamp response.");
        }
    }
}
