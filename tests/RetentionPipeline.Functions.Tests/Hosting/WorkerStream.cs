using System.Collections.Concurrent;
using Grpc.Core;
using RetentionPipeline.Functions.Tests.Hosting.Protocol;

namespace RetentionPipeline.Functions.Tests.Hosting;

/// <summary>The worker's end of the host's stream is gone; whoever waits for an answer learns it at once.</summary>
internal sealed class StreamEndedException() : Exception("The worker's stream has ended.");

/// <summary>
/// The host's side of the stream of one worker. Answers are matched by the request's id, those of invocations by theirs, since
/// a worker may take minutes for one and answer others meanwhile.
/// </summary>
internal sealed class WorkerStream : FunctionRpc.FunctionRpcBase
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> pending = new();
    private readonly ConcurrentQueue<RpcLog> logs = new();
    private readonly TaskCompletionSource<IServerStreamWriter<StreamingMessage>> connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim one = new(1, 1);

    /// <summary>Ends when the worker has said who it is.</summary>
    public Task Connected => connected.Task;

    /// <summary>Everything that it logged.</summary>
    public IReadOnlyCollection<RpcLog> Logs => logs;

    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream, ServerCallContext context)
    {
        try
        {
            while (await requestStream.MoveNext(context.CancellationToken))
            {
                Take(requestStream.Current, responseStream);
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or Grpc.Core.RpcException or InvalidOperationException)
        {
            // Killed: the same as an end.
        }
        finally
        {
            End();
        }
    }

    /// <summary>Sends, and waits for what answers it.</summary>
    public async Task<StreamingMessage> AskAsync(string id, StreamingMessage message)
    {
        var answer = new TaskCompletionSource<StreamingMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        pending[id] = answer;
        if (ended.Task.IsCompleted)
        {
            End();
        }

        await SendAsync(message);
        return await answer.Task;
    }

    /// <summary>Sends what nothing answers.</summary>
    public async Task SendAsync(StreamingMessage message)
    {
        var writer = await connected.Task;
        await one.WaitAsync();
        try
        {
            await writer.WriteAsync(message);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or Grpc.Core.RpcException or InvalidOperationException)
        {
            throw new StreamEndedException();
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Fails everything that waits for the worker.</summary>
    public void End()
    {
        ended.TrySetResult();
        connected.TrySetException(new StreamEndedException());
        foreach (var (id, waiting) in pending)
        {
            pending.TryRemove(id, out _);
            waiting.TrySetException(new StreamEndedException());
        }
    }

    private void Take(StreamingMessage message, IServerStreamWriter<StreamingMessage> writer)
    {
        switch (message.ContentCase)
        {
            case StreamingMessage.ContentOneofCase.StartStream:
                connected.TrySetResult(writer);
                break;
            case StreamingMessage.ContentOneofCase.RpcLog:
                logs.Enqueue(message.RpcLog);
                break;
            case StreamingMessage.ContentOneofCase.InvocationResponse:
                Answer(message.InvocationResponse.InvocationId, message);
                break;
            default:
                Answer(message.RequestId, message);
                break;
        }
    }

    private void Answer(string id, StreamingMessage message)
    {
        if (pending.TryRemove(id, out var waiting))
        {
            waiting.TrySetResult(message);
        }
    }
}
