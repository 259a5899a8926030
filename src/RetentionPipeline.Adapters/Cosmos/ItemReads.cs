using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// Reads whole items that several callers want at the same time in one request: who rewrites the records of a batch side by
/// side asks for them one by one, and one query for many costs a tenth of as many point reads. While one request is under
/// way those who come meanwhile wait for the next; nobody waits for company.
/// </summary>
internal sealed class ItemReads(CosmosAccount account)
{
    private const int MostAtOnce = 64;

    /// <summary>Of one answer, in bytes: as many as the service's own pages hold.</summary>
    private const double MostBytes = 4 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, Waiting> byContainer = new(StringComparer.Ordinal);

    /// <summary>The whole item in UTF-8, or null. The record must have an address, and its container an index.</summary>
    public async Task<byte[]?> FindAsync(string container, RecordKey key, CancellationToken cancel)
    {
        var waiting = byContainer.GetOrAdd(container, static _ => new Waiting());
        var wish = new Wish(key);
        if (waiting.Join(wish))
        {
            _ = Task.Run(() => ServeAsync(container, waiting), CancellationToken.None);
        }

        return await wish.Answer.Task.WaitAsync(cancel);
    }

    /// <summary>Until nobody waits any more.</summary>
    private async Task ServeAsync(string name, Waiting waiting)
    {
        while (waiting.Take() is { Count: > 0 } wishes)
        {
            try
            {
                var container = await account.ContainerAsync(name, CancellationToken.None);
                var found = await account.RunAsync(
                    CosmosOperation.Read, name, () => wishes.Count == 1 ? OneAsync(container, wishes[0].Key) : ManyAsync(container, wishes));
                waiting.Learn(found);
                wishes.ForEach(wish => wish.Answer.TrySetResult(found.GetValueOrDefault(wish.Key)));
            }
            catch (Exception failed)
            {
                wishes.ForEach(wish => wish.Answer.TrySetException(failed));
            }
        }
    }

    private static async Task<Dictionary<RecordKey, byte[]>> OneAsync(CosmosContainer container, RecordKey key)
    {
        using var response = await container.Container.ReadItemStreamAsync(
            key.Id, CosmosKeys.Read(key.Partition), new ItemRequestOptions { PriorityLevel = PriorityLevel.Low });
        if (CosmosCalls.IsMissing(response))
        {
            return [];
        }

        CosmosCalls.Check(response);
        using var body = new MemoryStream();
        await response.Content.CopyToAsync(body);
        return new() { [key] = body.ToArray() };
    }

    private static async Task<Dictionary<RecordKey, byte[]>> ManyAsync(CosmosContainer container, List<Wish> wishes)
    {
        using var response = await container.Container.ReadManyItemsStreamAsync(
            [.. wishes.Select(wish => wish.Key).Distinct().Select(key => (key.Id, CosmosKeys.Read(key.Partition)))],
            new ReadManyRequestOptions { PriorityLevel = PriorityLevel.Low });
        CosmosCalls.Check(response);
        using var document = await JsonDocument.ParseAsync(response.Content, new JsonDocumentOptions { MaxDepth = 128 });
        return document.RootElement.GetProperty("Documents").EnumerateArray().ToDictionary(
            item => CosmosKeys.Of(item, container), item => JsonMarshal.GetRawUtf8Value(item).ToArray());
    }

    private sealed record Wish(RecordKey Key)
    {
        public TaskCompletionSource<byte[]?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Those who wait for items of one container.</summary>
    private sealed class Waiting
    {
        /// <summary>Requests under way at once: while one is decoded the next one is on the wire.</summary>
        private const int MostServers = 2;

        private readonly Lock gate = new();
        private readonly Queue<Wish> queue = [];
        private int servers;
        private double meanBytes = MostBytes;

        /// <summary>True if the caller must see to it that somebody serves.</summary>
        public bool Join(Wish wish)
        {
            lock (gate)
            {
                queue.Enqueue(wish);
                if (servers == MostServers)
                {
                    return false;
                }

                servers++;
                return true;
            }
        }

        /// <summary>The next to serve together, few where items are large; none ends the caller's serving.</summary>
        public List<Wish> Take()
        {
            lock (gate)
            {
                var wishes = new List<Wish>();
                var most = Math.Clamp((int)(MostBytes / meanBytes), 1, MostAtOnce);
                while (wishes.Count < most && queue.TryDequeue(out var wish))
                {
                    wishes.Add(wish);
                }

                servers -= wishes.Count == 0 ? 1 : 0;
                return wishes;
            }
        }

        /// <summary>What items weigh here, the newest counting most.</summary>
        public void Learn(Dictionary<RecordKey, byte[]> found)
        {
            if (found.Count > 0)
            {
                var seen = Math.Max(1, found.Values.Average(item => (double)item.Length));
                lock (gate)
                {
                    meanBytes = seen > meanBytes ? seen : (meanBytes + (7 * seen)) / 8;
                }
            }
        }
    }
}
