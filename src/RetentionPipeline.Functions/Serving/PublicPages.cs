using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Functions.Serving;

/// <summary>What everybody may read: whether the pipeline goes on, and the ledger's published files.</summary>
public sealed class PublicPages(FreshnessWatch watch, FreshnessLimits limits, PublicLog log, LedgerIntegrator integrator)
{
    private const string Key = "key";

    /// <summary>The answer to a path; 404 for what is not there.</summary>
    public async Task<IResult> AnswerAsync(PathString path, CancellationToken cancel) => path.Value?.TrimStart('/') switch
    {
        "health" => await HealthAsync(cancel),
        Key => Results.Text($"{await integrator.VerifierAsync(cancel)}\n"),
        PublicLog.Checkpoint => await FileAsync(PublicLog.Checkpoint, "text/plain; charset=utf-8", cancel),
        { } name => await FileAsync(name, "application/octet-stream", cancel),
        null => Results.NotFound(),
    };

    /// <summary>503 where something is late, so that whoever watches an address needs to read nothing.</summary>
    private async Task<IResult> HealthAsync(CancellationToken cancel)
    {
        var late = await watch.LateAsync(limits, cancel);
        return Results.Json(
            new Health(late.Count == 0 ? "fresh" : "late", late), HealthJson.Default.Health,
            statusCode: late.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private async Task<IResult> FileAsync(string name, string type, CancellationToken cancel) =>
        await log.FindAsync(name, cancel) is { } found ? Results.Bytes(found, type) : Results.NotFound();
}

/// <summary>The answer of <c>health</c>.</summary>
/// <param name="Status">fresh or late.</param>
/// <param name="Late">What is late, and since when.</param>
internal sealed record Health(string Status, IReadOnlyList<LateWork> Late);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Health))]
internal sealed partial class HealthJson : JsonSerializerContext;
