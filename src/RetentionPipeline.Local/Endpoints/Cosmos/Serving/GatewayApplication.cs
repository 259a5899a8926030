using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RetentionPipeline.Local.Endpoints.Cosmos.Routes;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Serving;

/// <summary>Carries out each request, or the fault that waits for it.</summary>
internal sealed class GatewayApplication(GatewayRoutes routes, FaultSwitch faults, TimeProvider time) : IHttpApplication<HttpContext>
{
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // Nothing is held for a request beyond its end.
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        var cancel = context.RequestAborted;
        GatewayReply reply;
        GatewayException? refused = null;
        GatewayFault? fault = null;
        try
        {
            var request = await GatewayRequest.ReadAsync(context, cancel);
            if (request.Header("Authorization") is null)
            {
                throw new GatewayException(401, 0, "The request has no authorization.");
            }

            fault = GatewayRoutes.IsOfItems(request) ? faults.Take(request.Method) : null;
            await BeginAsync(fault, cancel);
            reply = await routes.CarryOutAsync(request, context.Request.Host.Value!, cancel);
        }
        catch (GatewayException refusal)
        {
            (refused, reply) = (refusal, GatewayReply.Of(refusal));
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception broken)
        {
            // A client must never take the gateway's own mistake for an answer of the service.
            refused = new GatewayException(500, 0, "The local gateway failed: " + broken.GetType().Name);
            reply = GatewayReply.Of(refused);
        }

        if (fault?.Kind == GatewayFaultKind.AnswerLost)
        {
            context.Abort();
            return;
        }

        await reply.WriteAsync(context.Response, refused, cancel);
    }

    private async Task BeginAsync(GatewayFault? fault, CancellationToken cancel)
    {
        switch (fault?.Kind)
        {
            case GatewayFaultKind.Throttled:
                throw new GatewayException(429, 3200, "Request rate is large.") { RetryAfter = fault.Wait };
            case GatewayFaultKind.Unavailable:
                throw new GatewayException(503, 0, "Service is currently unavailable.");
            case GatewayFaultKind.Slow:
                await Task.Delay(fault.Wait, time, cancel);
                break;
        }
    }
}
