using System.Diagnostics;
using System.Text;
using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Stores.Tests;

/// <summary>A message that was completed is readable in no file of its queue, the log of writes included.</summary>
public sealed class ForgottenMessageTests : IDisposable
{
    private const string Secret = "ann+secret@shop.example";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string folder = Directory.CreateTempSubdirectory("forgotten-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Completed_messages_leave_the_files_of_the_queue()
    {
        using var queue = new SqliteWorkQueue(Path.Combine(folder, "queue.db"), QueueBehaviour.Default, TimeProvider.System);
        using var another = new SqliteWorkQueue(Path.Combine(folder, "queue.db"), QueueBehaviour.Default, TimeProvider.System);
        await queue.SendAsync("requests-shop", [new("m-1", Encoding.UTF8.GetBytes($"for {Secret}"), null)], CancellationToken.None);
        Assert.NotEmpty(FilesWithIt());

        var message = Assert.Single(await another.ReceiveAsync("requests-shop", 1, TimeSpan.FromSeconds(5), CancellationToken.None));
        await another.CompleteAsync(message, CancellationToken.None);

        for (var startedAt = Stopwatch.GetTimestamp(); FilesWithIt().Count > 0;)
        {
            Assert.True(Stopwatch.GetElapsedTime(startedAt) < Patience, string.Join(", ", FilesWithIt()));
            await Task.Delay(100);
        }

        // Used on: nothing is lost, and what comes and goes is forgotten again.
        await queue.SendAsync("requests-shop", [new("m-2", Encoding.UTF8.GetBytes("for nobody"), null)], CancellationToken.None);
        Assert.Equal(1, await another.CountAsync("requests-shop", CancellationToken.None));
    }

    private List<string> FilesWithIt() =>
        [.. Directory.EnumerateFiles(folder).Where(file => Read(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret)) >= 0).Select(file => Path.GetFileName(file))];

    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
