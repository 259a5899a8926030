using System.Globalization;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Files;

/// <summary>
/// A lane as files, one a segment. Appends that wait at the same time are written together and flushed once; a lock keeps
/// other processes away meanwhile. A process that dies in here leaves a torn block at the end, which readers pass over.
/// </summary>
internal sealed class LaneFile(string folder, long segmentBytes, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly SemaphoreSlim one = new(1, 1);
    private List<Waiting> waiting = [];
    private int current;

    /// <summary>Ends when the block is durable.</summary>
    public async Task AppendAsync(ReadOnlyMemory<byte> block, CancellationToken cancel)
    {
        var mine = new Waiting(block, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (gate)
        {
            waiting.Add(mine);
        }

        await one.WaitAsync(cancel);
        try
        {
            if (!mine.Done.Task.IsCompleted)
            {
                await WriteWaitingAsync(cancel);
            }
        }
        finally
        {
            one.Release();
        }

        await mine.Done.Task;
    }

    /// <summary>
    /// Reads, and flushes what was read: what a commit rests on must not be lost by a power failure that its writer has
    /// not been told about.
    /// </summary>
    public LaneChunk Read(LanePosition from, int maxBytes)
    {
        var bytes = ReadSegment(from, maxBytes);
        if (bytes.Length == 0 && File.Exists(Segment(from.Segment + 1)))
        {
            // The next segment was begun because this one is full; it may have grown since it was read above.
            bytes = ReadSegment(from, maxBytes);
            if (bytes.Length == 0)
            {
                return new LaneChunk(default, new LanePosition(from.Segment + 1, 0));
            }
        }

        return new LaneChunk(bytes, new LanePosition(from.Segment, from.Offset + bytes.Length));
    }

    public LanePosition End()
    {
        var segment = Last();
        var file = new FileInfo(Segment(segment));
        return file.Exists ? new LanePosition(segment, file.Length) : default;
    }

    private async Task WriteWaitingAsync(CancellationToken cancel)
    {
        DurableFiles.EnsureFolder(folder);
        await using var held = await DurableFiles.LockAsync(Path.Combine(folder, "lock"), time, cancel);
        List<Waiting> mine;
        lock (gate)
        {
            (mine, waiting) = (waiting, []);
        }

        try
        {
            Write(mine);
        }
        catch (Exception problem)
        {
            // Each caller's own append has failed; some may have been written, as with any failed append.
            mine.ForEach(block => block.Done.TrySetException(problem));
            return;
        }

        mine.ForEach(block => block.Done.TrySetResult());
    }

    private void Write(List<Waiting> blocks)
    {
        var segment = Last();
        if (new FileInfo(Segment(segment)) is { Exists: true } file && file.Length >= segmentBytes)
        {
            segment++;
        }

        var isNew = !File.Exists(Segment(segment));
        using (var handle = File.OpenHandle(Segment(segment), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.Write(handle, [.. blocks.Select(block => block.Bytes)], RandomAccess.GetLength(handle));
            RandomAccess.FlushToDisk(handle);
        }

        if (isNew)
        {
            DurableFiles.SyncFolder(folder);
        }
    }

    private byte[] ReadSegment(LanePosition from, int maxBytes)
    {
        try
        {
            using var handle = File.OpenHandle(Segment(from.Segment), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            var bytes = new byte[Math.Clamp(RandomAccess.GetLength(handle) - from.Offset, 0, maxBytes)];
            var read = 0;
            while (read < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(read), from.Offset + read) is > 0 and var more)
            {
                read += more;
            }

            if (read > 0)
            {
                RandomAccess.FlushToDisk(handle);
            }

            return bytes[..read];
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    private int Last()
    {
        while (File.Exists(Segment(current + 1)))
        {
            Interlocked.Increment(ref current);
        }

        return current;
    }

    private string Segment(int segment) =>
        Path.Combine(folder, segment.ToString("D9", CultureInfo.InvariantCulture));

    private sealed record Waiting(ReadOnlyMemory<byte> Bytes, TaskCompletionSource Done);
}
