using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Serving;

/// <summary>An answer.</summary>
/// <param name="Body">JSON, or nothing.</param>
/// <param name="Charge">Request units.</param>
internal sealed record GatewayReply(int Status, byte[]? Body, double Charge)
{
    public string? Etag { get; init; }

    /// <summary>Partition and number of the latest write that the answer knows.</summary>
    public string? SessionToken { get; init; }

    public string? Continuation { get; init; }

    /// <summary>How many results a page holds.</summary>
    public int? Count { get; init; }

    /// <summary>A page: <c>{"_rid":…,"Documents":[…],"_count":…}</c>.</summary>
    public static GatewayReply Feed(string rid, string name, IReadOnlyList<byte[]> results, double charge)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("_rid", rid);
            writer.WriteStartArray(name);
            foreach (var result in results)
            {
                writer.WriteRawValue(result, skipInputValidation: true);
            }

            writer.WriteEndArray();
            writer.WriteNumber("_count", results.Count);
            writer.WriteEndObject();
        }

        return new(200, body.ToArray(), charge) { Count = results.Count };
    }

    public static GatewayReply Of(GatewayException refused) => new(
        refused.Status,
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["code"] = refused.Code, ["message"] = refused.Message }),
        refused.Status is 404 or 409 or 412 ? RequestCharges.Refused : 0);

    /// <summary>The token of a partition of a container.</summary>
    public static string Token(int range, VersionCounter versions) =>
        string.Create(CultureInfo.InvariantCulture, $"{range}:-1#{versions.Latest}");

    public async Task WriteAsync(HttpResponse response, GatewayException? refused, CancellationToken cancel)
    {
        var headers = response.Headers;
        response.StatusCode = Status;
        headers["x-ms-request-charge"] = Charge.ToString("0.##", CultureInfo.InvariantCulture);
        headers["x-ms-gatewayversion"] = "version=2.14.0";
        Set("ETag", Etag);
        Set("x-ms-session-token", SessionToken);
        Set("x-ms-continuation", Continuation);
        Set("x-ms-item-count", Count?.ToString(CultureInfo.InvariantCulture));
        if (refused is not null)
        {
            headers["x-ms-substatus"] = refused.SubStatus.ToString(CultureInfo.InvariantCulture);
            Set("x-ms-retry-after-ms", refused.RetryAfter?.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture));
        }

        if (Body is not null)
        {
            response.ContentType = "application/json";
            response.ContentLength = Body.Length;
            await response.Body.WriteAsync(Body, cancel);
        }
        else if (Status is not (204 or 304))
        {
            response.ContentLength = 0;
        }

        void Set(string name, string? value)
        {
            if (value is not null)
            {
                headers[name] = value;
            }
        }
    }
}
