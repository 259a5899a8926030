using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using RetentionPipeline.Core.Evidence;

namespace RetentionPipeline.Adapters.Anchors;

/// <summary>
/// Asks an RFC 3161 authority for a time stamp over the signed checkpoint (over HTTP, RFC 3161 section 3.4). What comes
/// back is checked as an outsider would, against roots that were given: a stamp that nobody could verify is none.
/// </summary>
public sealed class TimeStampAuthority(
    string name, Uri address, X509Certificate2Collection roots, HttpClient http) : IAnchorAuthority
{
    private const int MaxBytes = 64 * 1024;
    private const int NonceLength = 8;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public AnchorKind Kind => AnchorKind.TimeStamp;

    /// <inheritdoc/>
    public async Task<AnchorProof> AnchorAsync(AnchorRequest request, CancellationToken cancel)
    {
        var nonce = RandomNumberGenerator.GetBytes(NonceLength);
        var asked = Rfc3161TimestampRequest.CreateFromData(
            request.Note.Span, HashAlgorithmName.SHA256, nonce: nonce, requestSignerCertificates: true);
        using var content = new ByteArrayContent(asked.Encode());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/timestamp-query");
        using var answer = await http.PostAsync(address, content, cancel);
        answer.EnsureSuccessStatusCode();
        var response = await answer.Content.ReadAsByteArrayAsync(cancel);
        if (response.Length > MaxBytes)
        {
            throw new AnchorRefusedException("The authority's response is larger than 64 KiB.");
        }

        try
        {
            // The nonce shows that it is an answer to this question.
            asked.ProcessResponse(response, out _);
        }
        catch (CryptographicException)
        {
            throw new AnchorRefusedException("The authority's response does not answer the request.");
        }

        return new AnchorProof(response, TimeStampCheck.Verify(response, request.Note.Span, roots));
    }
}
