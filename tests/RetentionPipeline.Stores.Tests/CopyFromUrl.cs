using Azure.Core;
using Azure.Core.Pipeline;

namespace RetentionPipeline.Stores.Tests;

/// <summary>
/// Azurite does not know Put Blob From URL. This is what the service does with it, in the client's pipeline: the source is
/// read with the grant in its address, and put as a block blob under the same conditions, with the same headers.
/// </summary>
internal sealed class CopyFromUrl : HttpPipelinePolicy
{
    private const string Source = "x-ms-copy-source";
    private static readonly HttpClient Reader = new();

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (message.Request.Headers.TryGetValue(Source, out var address))
        {
            using var answer = await Reader.GetAsync(address, message.CancellationToken);
            answer.EnsureSuccessStatusCode();
            foreach (var name in message.Request.Headers.Select(header => header.Name).Where(name => name.StartsWith(Source, StringComparison.OrdinalIgnoreCase)
                || name.Equals("x-ms-copy-source-blob-properties", StringComparison.OrdinalIgnoreCase)).ToList())
            {
                message.Request.Headers.Remove(name);
            }

            var bytes = await answer.Content.ReadAsByteArrayAsync(message.CancellationToken);
            message.Request.Content = RequestContent.Create(bytes);
            message.Request.Headers.SetValue("Content-Length", $"{bytes.Length}");
        }

        await ProcessNextAsync(message, pipeline);
    }
}
