using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Azure.Core;
using Azure.Core.Pipeline;
using RetentionPipeline.Adapters.KeyVault;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.Stores.Tests.Secrets;

/// <summary>
/// A key vault behind the SDK's own transport, by the public REST contract of secrets (versions 7.x): a challenge before
/// anything else, a new version with each write and a whole second as its time, versions in pages and not by age, 403 for a
/// disabled one, 409 for a name that is deleted and can be recovered, 429 when it is asked too much.
/// </summary>
internal sealed partial class FakeVault(SimulatedTime time) : HttpMessageHandler
{
    private const int PageSize = 2;
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<Version>> secrets = [];
    private readonly HashSet<string> deleted = [];
    private readonly Dictionary<string, int> hidden = [];
    private readonly DateTimeOffset start = time.GetUtcNow();
    private int made;

    /// <summary>Put together, since no file names a host of the world outside.</summary>
    public static Uri Address { get; } = new UriBuilder("https", "contoso.vault.azure.net").Uri;

    /// <summary>Makes version ids; by default ever later ones.</summary>
    public Func<int, string> NewId { get; set; } = number => number.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>Called for each request that is let in; what it returns is answered instead.</summary>
    public Func<string, HttpResponseMessage?> Before { get; set; } = _ => null;

    /// <summary>Called when a request was done and is not answered yet.</summary>
    public Action<string> After { get; set; } = _ => { };

    /// <summary>Whether the versions of a name that is not there are a 404; else they are an empty list.</summary>
    public bool IsStrict { get; set; }

    /// <summary>The vault lets nobody purge: a deleted secret goes when its time is over.</summary>
    public bool IsProtected { get; set; }

    /// <summary>So many looks after a deletion, and after a purge, show what the vault has not finished.</summary>
    public int Lag { get; set; }

    /// <summary>Days for which a deleted secret can be recovered.</summary>
    public int RecoveryDays { get; set; } = 7;

    /// <summary>Requests that were let in, as "PUT secrets/name".</summary>
    public List<string> Asked { get; } = [];

    public SimulatedTime Time => time;

    public VaultSecretStore Open() =>
        new(Address, new FixedToken(), time, new HttpClientTransport(new HttpClient(this, disposeHandler: false)));

    public void Put(string name, string value, bool isEnabled = true)
    {
        lock (gate)
        {
            var id = NewId(++made);
            secrets.TryAdd(name, []);
            secrets[name].Add(new Version(id, value, time.GetUtcNow().ToUnixTimeSeconds(), isEnabled));
        }
    }

    public void Delete(string name) => deleted.Add(name);

    /// <summary>Until when what was deleted first can be recovered.</summary>
    public DateTimeOffset DeletedUntil => start.AddDays(RecoveryDays);

    public void Purge(string name)
    {
        deleted.Remove(name);
        secrets.Remove(name);
    }

    public int CountOf(string name) => secrets.TryGetValue(name, out var versions) ? versions.Count : 0;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var answer = Answer(request, body);
        answer.Headers.Date = time.GetUtcNow();
        answer.RequestMessage = request;
        After($"{request.Method} {request.RequestUri!.AbsolutePath.Trim('/')}");
        return answer;
    }

    private HttpResponseMessage Answer(HttpRequestMessage request, string body)
    {
        if (request.Headers.Authorization?.ToString() != "Bearer " + FixedToken.Text)
        {
            var refused = Error(HttpStatusCode.Unauthorized, "Unauthorized");
            refused.Headers.WwwAuthenticate.ParseAdd(
                $"Bearer authorization=\"{Address.Scheme}://login.microsoftonline.com/tenant\", resource=\"{FixedToken.Resource}\"");
            return refused;
        }

        var path = request.RequestUri!.AbsolutePath.Trim('/');
        lock (gate)
        {
            Asked.Add($"{request.Method} {path}");
        }

        if (Before($"{request.Method} {path}") is { } instead)
        {
            return instead;
        }

        if (!request.RequestUri.Query.Contains("api-version=7.", StringComparison.Ordinal) && !request.RequestUri.Query.Contains("api-version=20", StringComparison.Ordinal))
        {
            return Error(HttpStatusCode.BadRequest, "BadParameter");
        }

        lock (gate)
        {
            return path.Split('/') switch
            {
                ["secrets", var name] when request.Method == HttpMethod.Put => Set(name, body),
                ["secrets", var name] when request.Method == HttpMethod.Delete => DeleteIt(name),
                ["deletedsecrets", var name] when request.Method == HttpMethod.Delete => PurgeIt(name),
                ["secrets", var name, "versions"] => List(name, request.RequestUri),
                ["secrets", var name, var version] => Get(name, version),
                ["deletedsecrets", var name] => IsShownDeleted(name) ? Json(DescribeDeleted(name)) : Error(HttpStatusCode.NotFound, "SecretNotFound"),
                _ => Error(HttpStatusCode.BadRequest, "BadParameter"),
            };
        }
    }

    private HttpResponseMessage Set(string name, string body)
    {
        if (!Name().IsMatch(name) || JsonNode.Parse(body)?["value"] is not { } value)
        {
            return Error(HttpStatusCode.BadRequest, "BadParameter");
        }

        if (deleted.Contains(name))
        {
            return Error(HttpStatusCode.Conflict, "Conflict", "ObjectIsDeletedButRecoverable");
        }

        Put(name, (string)value!);
        return Json(Describe(name, secrets[name][^1], withValue: true));
    }

    private HttpResponseMessage DeleteIt(string name)
    {
        if (!secrets.ContainsKey(name) || deleted.Contains(name))
        {
            return Error(HttpStatusCode.NotFound, "SecretNotFound");
        }

        deleted.Add(name);
        hidden[name] = Lag;
        return Json(DescribeDeleted(name));
    }

    private HttpResponseMessage PurgeIt(string name)
    {
        if (!deleted.Contains(name))
        {
            return Error(HttpStatusCode.NotFound, "SecretNotFound");
        }

        if (IsProtected)
        {
            return Error(HttpStatusCode.Forbidden, "Forbidden", "ForbiddenByPurgeProtection");
        }

        if (hidden.GetValueOrDefault(name) > 0)
        {
            return Error(HttpStatusCode.Conflict, "Conflict", "ObjectIsBeingDeleted");
        }

        Purge(name);
        return new(HttpStatusCode.NoContent);
    }

    /// <summary>Just deleted it is in no list at all.</summary>
    private bool IsShownDeleted(string name)
    {
        if (hidden.GetValueOrDefault(name) > 0)
        {
            hidden[name]--;
            return false;
        }

        return deleted.Contains(name);
    }

    private JsonObject DescribeDeleted(string name) => new()
    {
        ["id"] = IdOf(name, "1"),
        ["recoveryId"] = $"{Address}deletedsecrets/{name}",
        ["deletedDate"] = time.GetUtcNow().ToUnixTimeSeconds(),
        ["scheduledPurgeDate"] = DeletedUntil.ToUnixTimeSeconds(),
    };

    private HttpResponseMessage Get(string name, string id)
    {
        var version = deleted.Contains(name) ? null : secrets.GetValueOrDefault(name)?.Find(version => version.Id == id);
        return version switch
        {
            null => Error(HttpStatusCode.NotFound, "SecretNotFound"),
            { IsEnabled: false } => Error(HttpStatusCode.Forbidden, "Forbidden", "SecretDisabled"),
            _ => Json(Describe(name, version, withValue: true)),
        };
    }

    private HttpResponseMessage List(string name, Uri address)
    {
        if (deleted.Contains(name) || !secrets.TryGetValue(name, out var versions))
        {
            return IsStrict ? Error(HttpStatusCode.NotFound, "SecretNotFound") : Json(new JsonObject { ["value"] = new JsonArray() });
        }

        var skip = Skip().Match(address.Query) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        var page = versions.OrderByDescending(version => version.Id, StringComparer.Ordinal).Skip(skip).Take(PageSize).ToList();
        var next = skip + page.Count < versions.Count ? $"{Address}secrets/{name}/versions?api-version=7.6&$skiptoken={skip + page.Count}" : null;
        return Json(new JsonObject
        {
            ["value"] = new JsonArray([.. page.Select(version => Describe(name, version, withValue: false))]),
            ["nextLink"] = next,
        });
    }

    private static JsonObject Describe(string name, Version version, bool withValue)
    {
        var described = new JsonObject
        {
            ["id"] = IdOf(name, version.Id),
            ["attributes"] = new JsonObject { ["enabled"] = version.IsEnabled, ["created"] = version.CreatedAt, ["updated"] = version.CreatedAt },
        };
        if (withValue)
        {
            described["value"] = version.Value;
        }

        return described;
    }

    private static string IdOf(string name, string version) => $"{Address}secrets/{name}/{version}";

    private static HttpResponseMessage Json(JsonObject content) => new(HttpStatusCode.OK) { Content = JsonContent.Create(content) };

    public static HttpResponseMessage Error(HttpStatusCode status, string code, string? inner = null) => new(status)
    {
        Content = JsonContent.Create(new JsonObject
        {
            ["error"] = new JsonObject { ["code"] = code, ["message"] = code, ["innererror"] = inner is null ? null : new JsonObject { ["code"] = inner } },
        }),
    };

    [GeneratedRegex("^[0-9a-zA-Z-]{1,127}$")]
    private static partial Regex Name();

    [GeneratedRegex(@"skiptoken=(\d+)")]
    private static partial Regex Skip();

    private sealed record Version(string Id, string Value, long CreatedAt, bool IsEnabled);

    /// <summary>An identity that gets a token for vaults and for nothing else.</summary>
    private sealed class FixedToken : TokenCredential
    {
        public const string Text = "token-of-a-test";

        public static string Resource { get; } = new UriBuilder("https", "vault.azure.net").Uri.AbsoluteUri.TrimEnd('/');

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Assert.Equal([Resource + "/.default"], requestContext.Scopes);
            return new AccessToken(Text, DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
