using System.Globalization;
using System.Net;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>The service asked to come back later; nothing was done.</summary>
internal sealed class ThrottledAttemptException(TimeSpan? retryAfter) : Exception("The service is throttling.")
{
    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>What became of an act is not known, or the service cannot be reached: the SDK may not try on.</summary>
internal sealed class NoAnswerException() : Exception("No answer.");

/// <summary>
/// Stands between the SDK and the wire, where each try is seen. It holds the SDK to one try of an act, because the second
/// would find the record gone and not know by whom: the SDK itself tries a write again where a region fails. It counts
/// request units. And it escapes ids, which the SDK in gateway mode does not: it would ask for <c>A</c> where the id is
/// <c>%41</c>, and read, or delete, another record.
/// <para>
/// Below it the HTTP client of .NET tries on by itself, up to four times: a request without content that was sent on a
/// connection in use before, and ended without an answer, it takes for one that never arrived. So each act has a content,
/// an empty one if it must.
/// </para>
/// </summary>
internal sealed class OneAttempt(RequestUnits units) : DelegatingHandler
{
    private const int MostSilent = 3;
    private readonly AsyncLocal<Operation?> current = new();

    /// <summary>Everything that is sent within <paramref name="call"/> belongs to this operation on this container.</summary>
    public async Task<T> RunAsync<T>(CosmosOperation kind, string container, Func<Task<T>> call)
    {
        current.Value = new Operation(kind, container);
        return await call();
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var operation = current.Value;
        var act = operation is { Kind: CosmosOperation.Delete or CosmosOperation.Rewrite } && IsAct(request);
        if (act && !operation!.TryBegin())
        {
            throw new NoAnswerException();
        }

        if (act)
        {
            request.Content ??= new ByteArrayContent([]);
        }

        request.RequestUri = Escaped(request.RequestUri!);
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException) when (operation is null || operation.CountSilence() >= MostSilent)
        {
            throw new NoAnswerException();
        }

        units.Add(operation?.Container ?? "", operation?.Kind ?? CosmosOperation.Metadata, Number(response, "x-ms-request-charge") ?? 0);
        if (act)
        {
            Judge(operation!, response);
        }

        return response;
    }

    private static void Judge(Operation operation, HttpResponseMessage response)
    {
        // 449: another writer was at the record just then.
        if (response.StatusCode is HttpStatusCode.TooManyRequests or (HttpStatusCode)449)
        {
            var wait = Number(response, "x-ms-retry-after-ms");
            response.Dispose();
            throw new ThrottledAttemptException(wait is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null);
        }

        // The wrong place was asked: the partition was split or moved, the region takes no writes. There nothing was done.
        var reason = Number(response, "x-ms-substatus");
        if ((response.StatusCode == HttpStatusCode.Gone && reason is 1000 or 1002 or 1007 or 1008)
            || (response.StatusCode == HttpStatusCode.Forbidden && reason is 3))
        {
            operation.Again();
        }
    }

    /// <summary>Within an act the SDK also reads what it must know about container and partitions.</summary>
    private static bool IsAct(HttpRequestMessage request) => request.Method != HttpMethod.Get;

    private static double? Number(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values)
        && double.TryParse(values.FirstOrDefault(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The id as the SDK was given it is what stands behind the sixth slash of the path.</summary>
    private static Uri Escaped(Uri address)
    {
        var text = address.OriginalString;
        var path = text.IndexOf('/', text.IndexOf("//", StringComparison.Ordinal) + 2);
        if (path < 0 || text[path..].Split('/', 7) is not ["", "dbs", _, "colls", _, "docs", { Length: > 0 } id])
        {
            return address;
        }

        return new Uri(text[..^id.Length] + Uri.EscapeDataString(id));
    }

    private sealed class Operation(CosmosOperation kind, string container)
    {
        private int begun;
        private int silent;

        public CosmosOperation Kind => kind;

        public string Container => container;

        public bool TryBegin() => Interlocked.Exchange(ref begun, 1) == 0;

        public void Again() => Interlocked.Exchange(ref begun, 0);

        public int CountSilence() => Interlocked.Increment(ref silent);
    }
}
