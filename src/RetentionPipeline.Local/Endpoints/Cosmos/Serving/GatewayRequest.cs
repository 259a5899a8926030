using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Serving;

/// <summary>A request, read to its end.</summary>
/// <param name="Method">GET, POST, PUT, PATCH, DELETE.</param>
/// <param name="Path">The parts of the path, unescaped: <c>dbs</c>, a database, <c>colls</c> …</param>
internal sealed record GatewayRequest(string Method, IReadOnlyList<string> Path, IHeaderDictionary Headers, byte[] Body)
{
    /// <summary>Four times what an item may have: enough for queries; what is above is not even read.</summary>
    private const int MostBody = 8 * 1024 * 1024;

    private const int DefaultPage = 1000;

    public string? IfMatch => Header("If-Match");

    public string? IfNoneMatch => Header("If-None-Match");

    public string? Continuation => Header("x-ms-continuation");

    /// <summary>Does the client want no content back from a write?</summary>
    public bool Minimal => string.Equals(Header("Prefer"), "return=minimal", StringComparison.OrdinalIgnoreCase);

    public int PageSize => int.TryParse(Header("x-ms-max-item-count"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var most)
        ? most > 0 ? most : DefaultPage
        : 100;

    public static async Task<GatewayRequest> ReadAsync(HttpContext http, CancellationToken cancel)
    {
        // The raw target: a decoded path would not tell an escaped separator from one that separates.
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
        using var body = new MemoryStream((int)Math.Min(http.Request.ContentLength ?? 0, MostBody));
        var block = new byte[64 * 1024];
        for (int read; (read = await http.Request.Body.ReadAsync(block, cancel)) > 0;)
        {
            body.Write(block, 0, read);
            if (body.Length > MostBody)
            {
                throw GatewayException.TooLarge();
            }
        }

        return new(
            http.Request.Method, [.. target.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString)],
            http.Request.Headers, body.ToArray());
    }

    /// <summary>Null if it is missing or empty.</summary>
    public string? Header(string name) => Headers[name].ToString() is { Length: > 0 } text ? text : null;

    public bool Flag(string name) => string.Equals(Header(name), "true", StringComparison.OrdinalIgnoreCase);
}
