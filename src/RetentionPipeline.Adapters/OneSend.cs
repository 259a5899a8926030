using Azure.Core;
using Azure.Core.Pipeline;

namespace RetentionPipeline.Adapters;

/// <summary>
/// Gives a delete a content, an empty one. Below all retry policies .NET's HTTP client sends a request without content
/// again, up to four times, when a connection in use is closed in good order instead of answered; what has a content it
/// sends once. The second delete would find the record gone and not know by whom.
/// </summary>
internal sealed class OneSend : HttpPipelineSynchronousPolicy
{
    /// <inheritdoc/>
    public override void OnSendingRequest(HttpMessage message)
    {
        if (message.Request.Method == RequestMethod.Delete)
        {
            message.Request.Content ??= RequestContent.Create(Array.Empty<byte>());
        }
    }
}
