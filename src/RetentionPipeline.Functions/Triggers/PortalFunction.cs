using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Functions.Serving;

namespace RetentionPipeline.Functions.Triggers;

/// <summary>Everything that is asked over HTTP: one route, so that what serves it can be mapped by any host.</summary>
public sealed class PortalFunction(PublicPages pages)
{
    /// <summary>Every path.</summary>
    [Function("portal")]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "{*path}")] HttpRequest request, CancellationToken cancel) =>
        pages.AnswerAsync(request.Path, cancel);
}
