using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.Local.Runs;

/// <summary>What a run's logs do with requests.</summary>
public enum LogWindows
{
    /// <summary>They are read for them at once: a run that ends by itself waits for no day.</summary>
    AtOnce,

    /// <summary>They collect them as long as the policy says.</summary>
    AsThePolicySays,
}

/// <summary>Hands in the requests of the sample company's systems, over their queues, and knows when they are answered.</summary>
public sealed class RequestFollower(RequestDesk desk, IWorkQueue queue, LogWindows logs, TimeProvider time)
{
    private readonly HashSet<SampleRequest> open = [];

    /// <summary>When the run began to look.</summary>
    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>Sends what was never received here. One that is on its way already is the same message, and the same request.</summary>
    public async Task SendAsync(IEnumerable<SampleRequest> requests, CancellationToken cancel)
    {
        foreach (var request in requests)
        {
            open.Add(request);
            if (await desk.FindAsync(request.Source, request.Id, cancel) is null)
            {
                await queue.SendAsync(QueueNames.RequestsOf(request.Source), [new(request.Id, request.ToEvent(), null)], cancel);
            }
        }
    }

    /// <summary>Whether each request that was sent is answered, or waits for nothing that this run could do.</summary>
    public async Task<bool> HaveEndedAsync(CancellationToken cancel)
    {
        foreach (var request in open.ToList())
        {
            if (await desk.FindAsync(request.Source, request.Id, cancel) is not { } status || !HasEnded(status))
            {
                return false;
            }

            open.Remove(request);
        }

        return true;
    }

    /// <summary>The requests that were received in this run, whoever sent them, and those that are open.</summary>
    public Task<IReadOnlyList<RequestRow>> ListAsync(CancellationToken cancel) => desk.ListAsync(Since, cancel);

    private bool HasEnded(RequestStatus status)
    {
        if (status.Row.State is not RequestState.Accepted)
        {
            return true;
        }

        var left = status.Datasets.Where(dataset => dataset.State == "open").ToList();
        return logs is LogWindows.AsThePolicySays && left.Count > 0
            && left.TrueForAll(dataset => dataset.Reason == DatasetStatus.WaitsForWindow);
    }
}
