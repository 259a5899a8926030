using Azure.Core;
using Azure.Core.Pipeline;

namespace RetentionPipeline.Adapters;

/// <summary>Counts what goes over the wire to a store, each try of a retried request by itself: what its rate is kept by.</summary>
public sealed class RequestCount : HttpPipelineSynchronousPolicy
{
    private long sent;

    /// <summary>Requests so far.</summary>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>Counts the requests of every client made with these options.</summary>
    public void CountIn(ClientOptions options) => options.AddPolicy(this, HttpPipelinePosition.PerRetry);

    /// <inheritdoc/>
    public override void OnSendingRequest(HttpMessage message) => Interlocked.Increment(ref sent);
}
