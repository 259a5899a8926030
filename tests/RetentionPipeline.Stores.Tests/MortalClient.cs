using Azure.Core;
using Azure.Core.Pipeline;

namespace RetentionPipeline.Stores.Tests;

/// <summary>
/// A process that is killed at its n-th request: before it is sent, or after the service has carried it out. Nothing that
/// it would send later is sent.
/// </summary>
internal sealed class MortalClient(int last, bool answered) : HttpPipelinePolicy
{
    private int requests;

    public bool IsDead => Volatile.Read(ref requests) >= last;

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var number = Interlocked.Increment(ref requests);
        if (number < last || (answered && number == last))
        {
            await ProcessNextAsync(message, pipeline);
        }

        if (number >= last)
        {
            throw new Gone();
        }
    }

    public sealed class Gone : Exception;
}
