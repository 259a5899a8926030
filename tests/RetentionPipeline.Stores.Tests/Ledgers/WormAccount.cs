using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;

namespace RetentionPipeline.Stores.Tests.Ledgers;

/// <summary>
/// A blob account in memory, as the official SDK talks to one: as much of the service as a ledger uses. The containers
/// <c>ledger</c> and <c>ledger-wal</c> are under a locked time-based policy: nothing there is overwritten or deleted,
/// append blobs grow if the flag is set, and a refusal bears any of the codes that the service may give. What somebody
/// asked that a policy forbids is noted; so is how many answers were spoilt on purpose.
/// </summary>
internal sealed class WormAccount(int seed) : HttpMessageHandler
{
    private readonly Lock gate = new();
    private readonly Random random = new(seed);
    private readonly Dictionary<string, Blob> blobs = new(StringComparer.Ordinal);
    private readonly List<string> forbidden = [];
    private int versions;

    /// <summary>Blocks after which an append blob is full.</summary>
    public int BlocksPerBlob { get; init; } = 50_000;

    /// <summary>allowProtectedAppendWrites.</summary>
    public bool AllowsProtectedAppends { get; init; } = true;

    /// <summary>Days of the policies; 0: there are none.</summary>
    public int Days { get; init; } = 30;

    /// <summary>Whether the policies are locked; another one protects nothing that its owner cannot undo.</summary>
    public bool IsLocked { get; init; } = true;

    /// <summary>Status of every answer of the resource manager; null: it answers.</summary>
    public int? ManagerRefuses { get; set; }

    /// <summary>The account as the resource manager names it.</summary>
    public static Uri Resource { get; } = new("https://127.0.0.1/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/account");

    /// <summary>How many of twenty requests fail, before or after their effect.</summary>
    public int FaultsInTwenty { get; set; }

    public int Faulted { get; private set; }

    /// <summary>Requests to delete, or to write without a condition, where a policy forbids it.</summary>
    public IReadOnlyList<string> Forbidden => forbidden;

    /// <summary>A client of the account; failures are not hidden by retries.</summary>
    public BlobServiceClient Service() => new(
        new Uri("http://127.0.0.1/account"), new StorageSharedKeyCredential("account", "a2V5"), new BlobClientOptions
        {
            Transport = new HttpClientTransport(this),
            Retry = { MaxRetries = 0 },
        });

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        lock (gate)
        {
            var isFaulty = random.Next(20) < FaultsInTwenty;
            Faulted += isFaulty ? 1 : 0;
            if (isFaulty && random.Next(2) == 0)
            {
                return Error(503, "ServerBusy");
            }

            var answer = Answer(request, body);
            answer.RequestMessage = request;
            return isFaulty ? Error(500, "OperationTimedOut") : answer;
        }
    }

    private HttpResponseMessage Answer(HttpRequestMessage request, byte[] body)
    {
        var query = request.RequestUri!.Query;
        if (request.RequestUri.AbsolutePath.StartsWith("/subscriptions/", StringComparison.Ordinal))
        {
            var container = request.RequestUri.AbsolutePath[(Resource.AbsolutePath + "/blobServices/default/containers/").Length..].Split('/')[0];
            return ManagerRefuses is { } status
                ? Error(status, "AuthorizationFailed")
                : WormPolicy.Manage(IsProtected(container + "/") ? Days : 0, IsLocked, AllowsProtectedAppends);
        }

        var name = Uri.UnescapeDataString(request.RequestUri.AbsolutePath)["/account/".Length..];
        if (query.Contains("comp=list", StringComparison.Ordinal))
        {
            return List(name, Uri.UnescapeDataString(query.Split('&', '?').First(part => part.StartsWith("prefix=", StringComparison.Ordinal))[7..]));
        }

        if (query.Contains("restype=container", StringComparison.Ordinal))
        {
            return request.Method == HttpMethod.Put ? new HttpResponseMessage(HttpStatusCode.Created) : WormPolicy.Describe(Days > 0 && IsProtected(name + "/"));
        }

        return request.Method.Method switch
        {
            "GET" or "HEAD" => Read(request, name),
            "DELETE" => Delete(name),
            _ when query.Contains("comp=appendblock", StringComparison.Ordinal) => Append(name, body),
            _ when query.Contains("comp=lease", StringComparison.Ordinal) => Lease(request, name),
            _ => Put(request, name, body),
        };
    }

    private HttpResponseMessage Put(HttpRequestMessage request, string name, byte[] body)
    {
        var ifNoneMatch = request.Headers.IfNoneMatch.Count > 0;
        var ifMatch = request.Headers.IfMatch.FirstOrDefault()?.Tag;
        if (blobs.TryGetValue(name, out var stands))
        {
            if (IsProtected(name))
            {
                if (!ifNoneMatch)
                {
                    forbidden.Add($"PUT {name}");
                    return Error(409, "BlobImmutableDueToPolicy");
                }

                return random.Next(3) switch
                {
                    0 => Error(409, "BlobAlreadyExists"),
                    1 => Error(409, "BlobImmutableDueToPolicy"),
                    _ => Error(412, "ConditionNotMet"),
                };
            }

            if (ifNoneMatch)
            {
                return Error(409, "BlobAlreadyExists");
            }
        }

        if (ifMatch is not null && ifMatch != stands?.Tag)
        {
            return Error(412, "ConditionNotMet");
        }

        var blob = new Blob(body, $"\"0x{++versions:X}\"", request.Headers
            .Where(header => header.Key.StartsWith("x-ms-meta-", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(header => header.Key, header => header.Value.First()));
        blobs[name] = blob;
        return Tagged(new HttpResponseMessage(HttpStatusCode.Created), blob);
    }

    private HttpResponseMessage Append(string name, byte[] body)
    {
        if (!blobs.TryGetValue(name, out var blob))
        {
            return Error(404, "BlobNotFound");
        }

        if (IsProtected(name) && !AllowsProtectedAppends)
        {
            return Error(409, "BlobImmutableDueToPolicy");
        }

        if (blob.Blocks == BlocksPerBlob)
        {
            return Error(409, "BlockCountExceedsLimit");
        }

        blob = blob with { Content = [.. blob.Content, .. body], Blocks = blob.Blocks + 1, Tag = $"\"0x{++versions:X}\"" };
        blobs[name] = blob;
        return Tagged(new HttpResponseMessage(HttpStatusCode.Created), blob);
    }

    private HttpResponseMessage Read(HttpRequestMessage request, string name)
    {
        if (!blobs.TryGetValue(name, out var blob))
        {
            return Error(404, "BlobNotFound");
        }

        var (from, to) = (0, blob.Content.Length - 1);
        var range = request.Headers.TryGetValues("x-ms-range", out var values) ? values.Single() : request.Headers.Range?.ToString();
        if (range is not null)
        {
            var ends = range["bytes=".Length..].Split('-');
            from = int.Parse(ends[0], CultureInfo.InvariantCulture);
            to = ends[1].Length == 0 ? to : (int)Math.Min(to, long.Parse(ends[1], CultureInfo.InvariantCulture));
            if (from > to && (from > 0 || blob.Content.Length > 0 || ends[1].Length > 0))
            {
                return Error(416, "InvalidRange");
            }
        }

        var content = blob.Content[from..(to + 1)];
        var response = new HttpResponseMessage(range is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent)
        {
            Content = new ByteArrayContent(request.Method == HttpMethod.Head ? [] : content),
        };
        response.Content.Headers.ContentLength = content.Length;
        if (range is not null)
        {
            response.Content.Headers.ContentRange = new ContentRangeHeaderValue(from, to, blob.Content.Length);
        }

        response.Content.Headers.LastModified = DateTimeOffset.UnixEpoch;
        response.Headers.Add("x-ms-blob-type", blob.Blocks > 0 ? "AppendBlob" : "BlockBlob");
        foreach (var (key, value) in blob.Metadata)
        {
            response.Headers.Add(key, value);
        }

        return Tagged(response, blob);
    }

    private HttpResponseMessage Delete(string name)
    {
        if (IsProtected(name))
        {
            forbidden.Add($"DELETE {name}");
            return Error(409, "BlobImmutableDueToPolicy");
        }

        return blobs.Remove(name) ? new HttpResponseMessage(HttpStatusCode.Accepted) : Error(404, "BlobNotFound");
    }

    private HttpResponseMessage Lease(HttpRequestMessage request, string name)
    {
        if (!blobs.TryGetValue(name, out var blob))
        {
            return Error(404, "BlobNotFound");
        }

        var id = request.Headers.GetValues("x-ms-proposed-lease-id").Single();
        if (blob.Lease is { } holder && holder != id)
        {
            return Error(409, "LeaseAlreadyPresent");
        }

        blobs[name] = blob with { Lease = id };
        var response = Tagged(new HttpResponseMessage(HttpStatusCode.Created), blob);
        response.Headers.Add("x-ms-lease-id", id);
        return response;
    }

    private HttpResponseMessage List(string container, string prefix)
    {
        var found = blobs.Keys.Where(name => name.StartsWith($"{container}/{prefix}", StringComparison.Ordinal))
            .Select(name => $"<Blob><Name>{name[(container.Length + 1)..]}</Name><Properties /></Blob>");
        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent(
                $"<?xml version=\"1.0\"?><EnumerationResults ServiceEndpoint=\"x\" ContainerName=\"{container}\"><Blobs>{string.Concat(found)}</Blobs><NextMarker /></EnumerationResults>",
                Encoding.UTF8, "application/xml"),
        };
    }

    private static bool IsProtected(string name) =>
        name.StartsWith("ledger/", StringComparison.Ordinal) || name.StartsWith("ledger-wal/", StringComparison.Ordinal);

    private static HttpResponseMessage Tagged(HttpResponseMessage response, Blob blob)
    {
        response.Headers.ETag = new EntityTagHeaderValue(blob.Tag);
        return response;
    }

    private static HttpResponseMessage Error(int status, string code)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = new StringContent($"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>", Encoding.UTF8, "application/xml"),
        };
        response.Headers.Add("x-ms-error-code", code);
        return response;
    }

    private sealed record Blob(byte[] Content, string Tag, IReadOnlyDictionary<string, string> Metadata)
    {
        public int Blocks { get; init; }

        public string? Lease { get; init; }
    }
}
