using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace RetentionPipeline.Local.Sample;

/// <summary>A blob to seed.</summary>
public sealed record SampleFile(
    string Container, string Name, byte[] Content, IReadOnlyDictionary<string, string> Metadata);

/// <summary>The company's blobs: access logs as text, interface logs as compressed NDJSON, error reports.</summary>
public sealed class SampleFiles(SampleSize size)
{
    private static readonly int[] Days = [1, 3, 7, 14, 21, 28, 31, 35, 45, 60, 90, 120, 180, 240, 300, 360, 400, 420, 500, 900];
    private readonly SampleRandom random = new((ulong)size.Seed + 99);

    /// <summary>All blobs, one at a time: each is held in memory while it is written.</summary>
    public IEnumerable<SampleFile> Files()
    {
        var bytes = size.LogMegabytes * 1_000_000L / (2 * Days.Length);
        foreach (var days in Days)
        {
            var day = size.Now.UtcDateTime.Date.AddDays(-days);
            var date = day.ToString("yyyy/MM/dd", CultureInfo.InvariantCulture);
            yield return new("logs", $"access/{date}.log", AccessLog(day, bytes), NoMetadata);
            yield return new("logs", $"api/{date.Replace('/', '-')}.ndjson.gz", Compress(ApiLog(day, bytes)), NoMetadata);
        }

        for (var number = 0; number < 20; number++)
        {
            var captured = size.Now.AddDays(-(5 + (number * 11)));
            yield return new("reports", $"crash-{number:D4}.dmp", Encoding.UTF8.GetBytes($"{SampleCompany.Canary} memory of a process"), new Dictionary<string, string>
            {
                ["captured"] = captured.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                ["customer"] = SampleCompany.CustomerId(number),
            });
        }

        if (size.Faults is SampleFaults.Planted)
        {
            yield return new("logs", $"api/{size.Now.UtcDateTime.AddDays(-50):yyyy-MM-dd}.ndjson.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7], NoMetadata);
        }
    }

    private static IReadOnlyDictionary<string, string> NoMetadata { get; } = new Dictionary<string, string>();

    private byte[] AccessLog(DateTime day, long bytes)
    {
        var log = new StringBuilder();
        while (log.Length < bytes)
        {
            var time = day.AddSeconds(random.Below(86_400)).ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture);
            log.Append(CultureInfo.InvariantCulture, $"{Address()} - {SampleCompany.CustomerId(4 + random.Below(200))} [{time} +0000] \"GET /item/{random.Below(500)}?from={Address()} HTTP/1.1\" {random.OneOf(Statuses)} {random.Below(90_000)} \"https://shop.example/\" \"Mozilla/5.0\"\n");
            if (random.Chance(5))
            {
                log.Append(CultureInfo.InvariantCulture, $"dsl-{random.Below(256)}-{random.Below(256)}-{random.Below(256)}-{random.Below(256)}.dialup.example - - [{time} +0000] \"GET / HTTP/1.1\" 200 512 \"-\" \"curl/8\"\n");
            }
        }

        return Encoding.UTF8.GetBytes(log.ToString());
    }

    private byte[] ApiLog(DateTime day, long bytes)
    {
        var log = new StringBuilder();
        while (log.Length < bytes)
        {
            var time = day.AddSeconds(random.Below(86_400)).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            log.Append(CultureInfo.InvariantCulture, $"{{\"time\":\"{time}\",\"ip\":\"{Address()}\",\"customer\":\"{SampleCompany.CustomerId(4 + random.Below(200))}\",\"path\":\"/v1/cart\",\"ms\":{random.Below(900)}}}\n");
        }

        // One day's log names the held person.
        if (day == size.Now.UtcDateTime.Date.AddDays(-60))
        {
            log.Append(CultureInfo.InvariantCulture, $"{{\"time\":\"\",\"ip\":\"203.0.113.9\",\"customer\":\"{SampleCompany.HeldCustomer}\"}}\n");
        }

        return Encoding.UTF8.GetBytes(log.ToString());
    }

    private static byte[] Compress(byte[] plain)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(plain);
        }

        return output.ToArray();
    }

    private static readonly int[] Statuses = [200, 200, 200, 301, 404];

    private string Address() => random.Chance(20)
        ? $"2001:db8:{random.Below(65536):x}:{random.Below(65536):x}::{1 + random.Below(65535):x}"
        : $"{random.OneOf(Networks)}.{1 + random.Below(254)}";

    private static readonly string[] Networks = ["203.0.113", "198.51.100", "192.0.2"];
}
