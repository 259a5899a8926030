using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Senders;

/// <summary>However many requests a window has, its logs are read once for all of them.</summary>
[Collection(MachineCollection.Name)]
public sealed class LogPassTests(ITestOutputHelper output)
{
    private const string Shop = "web-shop";
    private const int BytesOfBlob = 16_000_000;

    private const string Policy = """
        version: 1
        name: logs-alone
        effective-from: 2026-01-01T00:00:00Z
        purposes: [security]
        stores:
          logs: {kind: blob, requests-per-second: 100000}
        datasets:
          access-logs:
            store: logs
            container: logs
            prefix: access/
            category: network
            purposes: [security]
            controller: Shop
            format: text
            request-window: P7D
            clocks:
              day: {kind: collection, field: '@name-date', format: date}
            name-date: access/(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})
        rules: []
        sources:
          web-shop:
            identifiers: [{kind: customer-id, assurance: signed-in}]
            cap: {per-hour: 100000, per-day: 100000}
        """;

    [Fact]
    public Task Forty_requests_read_32_megabytes_of_logs_once() => RunAsync(requests: 40, blobs: 2);

    [LongFact, Trait("Category", "Long")]
    public Task A_thousand_requests_read_a_gigabyte_of_logs_once() => RunAsync(requests: 1_000, blobs: 63);

    private async Task RunAsync(int requests, int blobs)
    {
        CountingRelay? relay = null;
        await using var machine = await RequestMachine.StartAsync(Policy, Relayed, Shop);
        await using var counting = relay!;
        var (size, linesOfOthers) = await SeedAsync(machine, requests, blobs);
        await SendAsync(machine, requests);
        var startedAt = Stopwatch.GetTimestamp();
        IReadOnlyList<RequestRow> rows = [];

        // All come into one window of the policy's seven days; then it has ended.
        await machine.RunUntilAsync(
            RequestWindows.OfPolicy,
            async () => (rows = await machine.Get<RequestDesk>().ListAsync(DateTimeOffset.MinValue, CancellationToken.None)).Count == requests,
            () => $"{rows.Count} requests of {requests} came in.");
        var accepted = Stopwatch.GetElapsedTime(startedAt);
        Assert.All(rows, row => Assert.Equal(RequestState.Accepted, row.State));

        // The last one's second has ended, which is a window where windows are to end at once.
        await Task.Delay(TimeSpan.FromSeconds(2));
        var before = relay!.Answered;
        startedAt = Stopwatch.GetTimestamp();
        await machine.RunUntilAsync(
            RequestWindows.AtOnce,
            async () => (rows = await machine.Get<RequestDesk>().ListAsync(DateTimeOffset.MinValue, CancellationToken.None))
                .All(row => row.State is RequestState.Completed),
            () => $"{rows.Count(row => row.State is RequestState.Completed)} requests of {requests} are completed, {relay.Answered - before} bytes were read.");
        var read = relay.Answered - before;

        output.WriteLine(
            $"{requests} requests in {accepted.TotalSeconds:F0} s; {size} bytes of logs in {blobs} blobs, {read} read "
            + $"({read / (double)size:F3} of one pass) in {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F0} s");
        Assert.Single(rows.SelectMany(row => row.Tasks).Select(task => task.Scan).Distinct());
        Assert.InRange(read / (double)size, 1.0, 1.1);
        Assert.Equal(linesOfOthers, await CountLinesAsync(machine, requests));

        string Relayed(string account)
        {
            const string endpoint = "BlobEndpoint=http://127.0.0.1:";
            var at = account.IndexOf(endpoint, StringComparison.Ordinal) + endpoint.Length;
            var port = account[at..account.IndexOf('/', at)];
            relay = new CountingRelay(int.Parse(port, CultureInfo.InvariantCulture));
            return string.Concat(account.AsSpan(0, at), relay.Port.ToString(CultureInfo.InvariantCulture), account.AsSpan(at + port.Length));
        }
    }

    private static string Customer(int number) => $"acct-{number:D7}";

    /// <summary>Half of the lines are of persons who ask. Returns the bytes, and the lines of all others.</summary>
    private static async Task<(long Bytes, long LinesOfOthers)> SeedAsync(RequestMachine machine, int requests, int blobs)
    {
        var container = machine.Blobs.GetBlobContainerClient("logs");
        await container.CreateIfNotExistsAsync();
        var random = new Random(11);
        var (bytes, others) = (0L, 0L);
        for (var blob = 0; blob < blobs; blob++)
        {
            var text = new StringBuilder(BytesOfBlob + 200);
            while (text.Length < BytesOfBlob)
            {
                var customer = random.Next(2 * requests);
                others += customer < requests ? 0 : 1;
                text.Append(CultureInfo.InvariantCulture, $"203.0.113.{random.Next(256)} - {Customer(customer)} \"GET /item/{random.Next(100_000)}?page={random.Next(100)} HTTP/1.1\" 200 {random.Next(100_000)} \"Mozilla/5.0\"\n");
            }

            bytes += text.Length;
            await container.UploadBlobAsync(
                $"access/{TimeProvider.System.GetUtcNow().AddDays(-1 - blob):yyyy-MM-dd}.log", BinaryData.FromString(text.ToString()));
        }

        return (bytes, others);
    }

    private static async Task SendAsync(RequestMachine machine, int requests)
    {
        foreach (var numbers in Enumerable.Range(0, requests).Chunk(100))
        {
            await machine.Get<IWorkQueue>().SendAsync(
                QueueNames.RequestsOf(Shop),
                [.. numbers.Select(number => new OutgoingMessage($"case-{number}", Encoding.UTF8.GetBytes(Event(number)), null))],
                CancellationToken.None);
        }
    }

    private static string Event(int number) => new JsonObject
    {
        ["specversion"] = "1.0",
        ["id"] = $"case-{number}",
        ["source"] = Shop,
        ["type"] = RequestEvent.Type,
        ["data"] = new JsonObject { ["identifiers"] = new JsonArray(new JsonObject { ["kind"] = "customer-id", ["value"] = Customer(number) }) },
    }.ToJsonString();

    /// <summary>The lines that are left; none of them of a person who asked.</summary>
    private static async Task<long> CountLinesAsync(RequestMachine machine, int requests)
    {
        var count = 0L;
        await foreach (var blob in machine.Blobs.GetBlobContainerClient("logs").GetBlobsAsync())
        {
            using var reader = new StreamReader(await machine.Blobs.GetBlobContainerClient("logs").GetBlobClient(blob.Name).OpenReadAsync());
            while (await reader.ReadLineAsync() is { } line)
            {
                Assert.True(int.Parse(line.AsSpan(line.IndexOf("acct-", StringComparison.Ordinal) + 5, 7), CultureInfo.InvariantCulture) >= requests);
                count++;
            }
        }

        return count;
    }
}
