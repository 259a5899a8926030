using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Core.Pipeline;
using RetentionPipeline.Adapters.KeyVault;

namespace RetentionPipeline.Stores.Tests.Secrets;

/// <summary>
/// The keys of a vault behind the SDK's own transport, by the public REST contract (7.4): a challenge before anything else,
/// keys as JWK without their private half, signatures of a digest as r and s in base64url, 400 for another algorithm or a
/// digest of another length, 403 for what the key may not.
/// </summary>
internal sealed class FakeKeys : HttpMessageHandler
{
    private const string Token = "token-of-a-test";
    private readonly ECDsa key;
    private readonly string curve;

    public FakeKeys(string curve = "P-256")
    {
        this.curve = curve;
        key = ECDsa.Create(curve == "P-256" ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384);
    }

    public static Uri Key { get; } = new UriBuilder("https", "contoso.vault.azure.net") { Path = "keys/ledger/0123456789abcdef0123456789abcdef" }.Uri;

    public string[] Operations { get; set; } = ["sign", "verify"];

    /// <summary>What is done to a signature before it is sent.</summary>
    public Func<byte[], byte[]> Change { get; set; } = signature => signature;

    public int Signed { get; private set; }

    public byte[] Spki => key.ExportSubjectPublicKeyInfo();

    public Task<VaultNoteSigner> OpenAsync(Uri? address = null) => VaultNoteSigner.OpenAsync(
        address ?? Key, "log.example/t", new FixedToken(), new HttpClientTransport(new HttpClient(this, disposeHandler: false)), CancellationToken.None);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Headers.Authorization?.ToString() != "Bearer " + Token)
        {
            return FakeVault.Error(HttpStatusCode.Unauthorized, "Unauthorized");
        }

        Assert.Equal("?api-version=7.4", request.RequestUri!.Query);
        var path = request.RequestUri.AbsolutePath;
        return path == Key.AbsolutePath && request.Method == HttpMethod.Get ? Described()
            : path == Key.AbsolutePath + "/sign" && request.Method == HttpMethod.Post
                ? Sign(JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!)
            : FakeVault.Error(HttpStatusCode.NotFound, "KeyNotFound");
    }

    private HttpResponseMessage Described()
    {
        var point = key.ExportParameters(false).Q;
        return Json(new JsonObject
        {
            ["key"] = new JsonObject
            {
                ["kid"] = Key.AbsoluteUri,
                ["kty"] = "EC",
                ["crv"] = curve,
                ["key_ops"] = new JsonArray([.. Operations.Select(operation => (JsonNode)operation)]),
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            },
            ["attributes"] = new JsonObject { ["enabled"] = true, ["exportable"] = false },
        });
    }

    private HttpResponseMessage Sign(JsonNode asked)
    {
        var digest = Base64Url.DecodeFromChars((string)asked["value"]!);
        if ((string?)asked["alg"] != "ES256" || digest.Length != 32)
        {
            return FakeVault.Error(HttpStatusCode.BadRequest, "BadParameter");
        }

        if (!Operations.Contains("sign"))
        {
            return FakeVault.Error(HttpStatusCode.Forbidden, "Forbidden");
        }

        Signed++;
        var signature = Change(key.SignHash(digest, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        return Json(new JsonObject { ["kid"] = Key.AbsoluteUri, ["value"] = Base64Url.EncodeToString(signature) });
    }

    private static HttpResponseMessage Json(JsonObject content) => new(HttpStatusCode.OK) { Content = JsonContent.Create(content) };

    protected override void Dispose(bool disposing)
    {
        key.Dispose();
        base.Dispose(disposing);
    }

    private sealed class FixedToken : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Assert.Equal([new UriBuilder("https", "vault.azure.net").Uri.AbsoluteUri + ".default"], requestContext.Scopes);
            return new AccessToken(Token, DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
