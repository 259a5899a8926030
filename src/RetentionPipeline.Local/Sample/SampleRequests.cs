using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;

namespace RetentionPipeline.Local.Sample;

/// <summary>A request to delete, as one of the company's systems sends it.</summary>
/// <param name="Source">The system.</param>
/// <param name="Id">The event's id.</param>
/// <param name="Identifiers">Of one person.</param>
public sealed record SampleRequest(string Source, string Id, IReadOnlyList<SubjectIdentifier> Identifiers)
{
    /// <summary>The event, in structured JSON mode.</summary>
    public byte[] ToEvent() => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["specversion"] = "1.0",
        ["id"] = Id,
        ["source"] = Source,
        ["type"] = RequestEvent.Type,
        ["datacontenttype"] = "application/json",
        ["data"] = new JsonObject
        {
            ["identifiers"] = new JsonArray([.. Identifiers.Select(identifier => (JsonNode)new JsonObject
            {
                ["kind"] = identifier.Kind,
                ["value"] = identifier.Value,
            })]),
        },
    });
}

/// <summary>
/// What the company's systems ask for once: a browser, a person of whom a hold keeps an account, and something that the
/// consent tool may not assert. None of them stands in a log: one of the logs names the held person, and a log that is held
/// is held for all requests of its window.
/// </summary>
public static class SampleRequests
{
    /// <summary>All of them, in their order; the last one is refused.</summary>
    public static IReadOnlyList<SampleRequest> Of(SampleSize size)
    {
        var cookie = new SampleCompany(size).Everything().First(record => record.Fields.ContainsKey("cookieId")).Fields["cookieId"].ToString()!;
        return
        [
            new("web-shop", "shop-1", [SubjectIdentifier.Of("cookie-id", cookie)]),
            new("help-desk", "desk-1", [Email(2)]),
            new("consent", "consent-1", [Email(0)]),
        ];
    }

    private static SubjectIdentifier Email(int customer) => SubjectIdentifier.Of("email", SampleCompany.Email(customer));
}
