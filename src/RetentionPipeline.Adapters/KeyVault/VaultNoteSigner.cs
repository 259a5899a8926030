using System.Buffers.Text;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.KeyVault;

/// <summary>
/// An ECDSA P-256 key that never leaves its vault: what is signed is sent there as a SHA-256, and r and s come back. By
/// REST (Keys - Get Key, Keys - Sign, version 7.4), since the SDK for keys is not among the packages. One version of a key,
/// named in full: which key signs never changes by itself.
/// </summary>
public sealed class VaultNoteSigner : INoteSigner
{
    private const string Version = "7.4";
    private const int CoordinateLength = 32;

    private readonly Uri key;
    private readonly HttpPipeline pipeline;

    private VaultNoteSigner(Uri key, HttpPipeline pipeline, NoteVerifier verifier) =>
        (this.key, this.pipeline, Verifier) = (key, pipeline, verifier);

    /// <inheritdoc/>
    public NoteVerifier Verifier { get; }

    /// <summary>
    /// Reads the public half. Throws <see cref="SigningKeyException"/> for a key that cannot sign checkpoints, and
    /// <see cref="RequestFailedException"/> as the vault answers.
    /// </summary>
    /// <param name="key">Its id: <c>VAULT/keys/NAME/VERSION</c>.</param>
    /// <param name="name">Name of the note key.</param>
    /// <param name="credential">May get and use keys: Key Vault Crypto User.</param>
    /// <param name="transport">The SDK's own if null.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<VaultNoteSigner> OpenAsync(
        Uri key, string name, TokenCredential credential, HttpPipelineTransport? transport, CancellationToken cancel)
    {
        if (key.AbsolutePath.Trim('/').Split('/') is not ["keys", { Length: > 0 }, { Length: > 0 }])
        {
            throw new SigningKeyException("its address names no version of a key.");
        }

        var options = new KeyOptions();
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(30);
        options.Transport = transport ?? options.Transport;

        // contoso.vault.azure.net, and in other clouds likewise: the audience is the host without the vault's own name.
        var audience = $"{Uri.UriSchemeHttps}://{key.Host[(key.Host.IndexOf('.', StringComparison.Ordinal) + 1)..]}/.default";
        var pipeline = HttpPipelineBuilder.Build(options, new BearerTokenAuthenticationPolicy(credential, audience));
        var answer = await SendAsync(pipeline, RequestMethod.Get, key.AbsoluteUri, null, cancel);
        return new VaultNoteSigner(key, pipeline, ReadPublic(answer, name));
    }

    /// <inheritdoc/>
    public async Task<NoteSignature> SignAsync(string text, CancellationToken cancel)
    {
        var asked = new JsonObject
        {
            ["alg"] = "ES256",
            ["value"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text))),
        };
        var answer = await SendAsync(pipeline, RequestMethod.Post, $"{key.AbsoluteUri}/sign", asked, cancel);
        var signature = new NoteSignature(Verifier.Name, Verifier.KeyId, ToDer(Bytes(answer, "value")));

        // A vault that answers with another key's signature would make notes that nobody can verify, for good.
        return Verifier.Verify(text, signature) ? signature : throw new SigningKeyException("what it signed does not verify.");
    }

    private static NoteVerifier ReadPublic(JsonNode answer, string name)
    {
        if (answer["key"] is not JsonObject jwk || (string?)jwk["crv"] != "P-256" || (string?)jwk["kty"] is not ("EC" or "EC-HSM")
            || jwk["key_ops"] is not JsonArray operations || operations.All(operation => (string?)operation != "sign"))
        {
            throw new SigningKeyException("it is no P-256 key that may sign.");
        }

        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") },
        });
        return NoteVerifier.OfEcdsa(name, ecdsa.ExportSubjectPublicKeyInfo());
    }

    private static byte[] Bytes(JsonNode node, string name) => Base64Url.DecodeFromChars((string?)node[name] ?? "");

    /// <summary>r and s, one behind the other, as the SEQUENCE of two integers that notes hold.</summary>
    private static byte[] ToDer(byte[] signature)
    {
        if (signature.Length != 2 * CoordinateLength)
        {
            throw new SigningKeyException("what it signed is no signature of P-256.");
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new BigInteger(signature.AsSpan(0, CoordinateLength), isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new BigInteger(signature.AsSpan(CoordinateLength), isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }

    private static async Task<JsonNode> SendAsync(
        HttpPipeline pipeline, RequestMethod method, string address, JsonObject? body, CancellationToken cancel)
    {
        using var message = pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Uri.Reset(new Uri($"{address}?api-version={Version}"));
        if (body is not null)
        {
            message.Request.Headers.Add(HttpHeader.Common.JsonContentType);
            message.Request.Content = RequestContent.Create(Encoding.UTF8.GetBytes(body.ToJsonString()));
        }

        await pipeline.SendAsync(message, cancel);
        if (message.Response.IsError)
        {
            throw new RequestFailedException(message.Response);
        }

        try
        {
            return JsonNode.Parse(message.Response.Content) ?? throw new SigningKeyException("the vault answers nothing.");
        }
        catch (JsonException)
        {
            throw new SigningKeyException("the vault's answer is no JSON.");
        }
    }

    private sealed class KeyOptions : ClientOptions;
}

/// <summary>A key cannot sign checkpoints; the message says why.</summary>
public sealed class SigningKeyException(string why) : Exception($"The signing key in the vault cannot be used: {why}");
