using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.Versioning;
using System.Text;
using RetentionPipeline.Cli.Anonymise;
using RetentionPipeline.EndToEnd.Tests.Instances;

namespace RetentionPipeline.EndToEnd.Tests.Filters;

/// <summary><c>retention anonymise</c> on pipes and files.</summary>
public sealed class FilterTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("filter-tests-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_pipe_is_cut_and_counted()
    {
        var (code, output, messages) = Run("203.0.113.77 a\nb\n", "--truncate-ip", "--stats");
        Assert.Equal((0, "203.0.113.0 a\nb\n"), (code, output));
        Assert.Equal("2 lines read, 1 changed, 0 dropped; 1 edits in 17 bytes\n", messages);
        Assert.Equal((0, "203.0.0.0\n", ""), Run("203.0.113.77\n", "--truncate-ip=16,32"));
    }

    [Fact]
    public void A_policy_says_what_is_done_to_a_dataset()
    {
        var policy = Path.Combine(Oracle.Repository.Root, "samples", "policies", "contoso-outdoor.yaml");
        Assert.Equal((0, "203.0.113.0 h0-187-1-0.example\n", ""), Run("203.0.113.77 h64-187-1-131.example\n", "--policy", policy, "--dataset", "access-logs"));
        Assert.Equal(2, Run("x", "--policy", policy, "--dataset", "tickets").Code);
    }

    [Fact]
    public void Fields_of_a_format_are_changed_and_lines_of_persons_dropped()
    {
        var identifiers = Write("identifiers", "ann@x.example\n");
        var lines = "{\"user\":\"b@y.example\",\"ip\":\"203.0.113.77\"}\n{\"user\":\"Ann@x.example\"}\n";
        Assert.Equal(
            (0, "{\"user\":\"**y.example\",\"ip\":\"203.0.113.0\"}\n".Replace("**", "", StringComparison.Ordinal), ""),
            Run(lines, "--format", "ndjson", "--field", "user:email-domain", "--truncate-ip", "--drop-lines-of", identifiers));
        Assert.Equal((0, "1,b**\n", ""), Run("1,bob\n", "--format", "csv", "--field", "2:mask,keep-first=1"));
    }

    [Theory]
    [InlineData]
    [InlineData("--truncate-ip=33,48")]
    [InlineData("--truncate-ip", "24,48", "--unknown")]
    [InlineData("--truncate-ip", "--policy", "x")]
    [InlineData("--truncate-ip", "--in-place")]
    [InlineData("--field", "a:mask")]
    [InlineData("--format", "ndjson", "--field", "a:hash")]
    [InlineData("--max-expanded", "x", "--truncate-ip")]
    public void A_call_that_is_wrong_is_told_and_nothing_is_written(params string[] arguments)
    {
        var (code, output, messages) = Run("203.0.113.77\n", arguments);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("retention anonymise: ", messages, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_file_is_replaced_in_its_place_with_its_mode_and_time()
    {
        var path = Write("a.log.gz", Gzip("203.0.113.77\n"));
        var link = Path.Combine(folder.FullName, "link");
        File.CreateSymbolicLink(link, path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Write(".a.log.gz.77.retention-new", "what a killed run left");

        Assert.Equal((0, "", ""), Run("", "--truncate-ip", "--in-place", link));
        Assert.Equal("203.0.113.0\n", Gunzip(File.ReadAllBytes(path)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(path));
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(path));
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.Equal(["a.log.gz", "link"], folder.EnumerateFileSystemInfos().Select(file => file.Name).Order());
    }

    [Fact]
    public void A_file_that_cannot_be_read_to_its_end_stays_as_it_is()
    {
        var whole = Gzip(new string('x', 100_000) + "203.0.113.77\n");
        var cut = Write("cut.gz", whole[..^5]);
        var bomb = Write("bomb.gz", whole);
        Assert.Contains("corrupt-gzip", Run("", "--truncate-ip", "--in-place", cut).Messages, StringComparison.Ordinal);
        Assert.Contains("expanded-limit", Run("", "--truncate-ip", "--max-expanded", "5000", "--in-place", bomb).Messages, StringComparison.Ordinal);
        Assert.Equal(whole[..^5], File.ReadAllBytes(cut));
        Assert.Equal(whole, File.ReadAllBytes(bomb));
        Assert.Contains("not-gzip", Run("plain\n", "--truncate-ip", "--gzip").Messages, StringComparison.Ordinal);
        Assert.Equal(2, folder.EnumerateFiles().Count());
    }

    [Fact]
    public async Task A_kill_at_any_moment_leaves_the_old_content_or_the_new_one_and_the_next_run_cleans_up()
    {
        var line = "203.0.113.77 - - [25/Nov/2026:10:15:30 +0000] \"GET / HTTP/1.1\" 200 512\n";
        var content = string.Concat(Enumerable.Repeat(line, 300_000));
        var path = Write("big.log", content);
        var expected = content.Replace("203.0.113.77", "203.0.113.0", StringComparison.Ordinal);
        var left = 0;
        for (var wait = 40; wait < 640; wait += 60)
        {
            Write("big.log", content);
            using var run = Process.Start(new ProcessStartInfo("dotnet", [ToolPath(), "anonymise", "--truncate-ip", "--in-place", path]))!;
            await Task.WhenAny(run.WaitForExitAsync(), Task.Delay(wait));
            run.Kill();
            await run.WaitForExitAsync();
            var now = await File.ReadAllTextAsync(path);
            Assert.True(now == content || now == expected, $"after {wait} ms it is neither");
            left += folder.EnumerateFiles("*.retention-new").Count();
        }

        Write("big.log", content);
        Assert.Equal(0, Run("", "--truncate-ip", "--in-place", path).Code);
        Assert.Equal(expected, await File.ReadAllTextAsync(path));
        Assert.Single(folder.EnumerateFiles());
        Assert.True(left > 0, "no kill came in the middle");
    }

    [Fact]
    public void A_pseudonym_needs_a_folder_of_keys_and_stays_the_same_under_its_key()
    {
        var keys = Path.Combine(folder.FullName, "keys");
        string[] asked = ["--format", "csv", "--field", "2:hmac,key=visitors"];
        Assert.Contains("--keys", Run("1,ann\n", asked).Messages, StringComparison.Ordinal);
        var first = Run("1,ann\n2,bob\n", [.. asked, "--keys", keys]);
        Assert.Equal(0, first.Code);
        Assert.Matches("^1,h1\\.[\\w-]{22}\n2,h1\\.[\\w-]{22}\n$", first.Output);
        Assert.Equal(first, Run("1,ann\n2,bob\n", [.. asked, "--keys", keys]));
        Assert.Equal(first.Output, Run(first.Output, [.. asked, "--keys", keys]).Output);
        Assert.Equal(["anonymise-visitors-epoch-0001"], new DirectoryInfo(keys).EnumerateFiles().Select(file => file.Name));

        File.Delete(Path.Combine(keys, "anonymise-visitors-epoch-0001"));
        Assert.NotEqual(first.Output, Run("1,ann\n2,bob\n", [.. asked, "--keys", keys]).Output);
    }

    [Fact]
    public async Task Ten_thousand_identifiers_fit_into_64_MiB_too()
    {
        var identifiers = Write("identifiers", string.Concat(Enumerable.Range(0, 10_000).Select(number => $"person.{number * 7919}+{number}@mail{number % 97}.shop.example\n")));
        var block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("203.0.113.77 - person.1@mail7.shop.example /a?user=person.2%40mail7.shop.example 200\n", 10_000)));
        Assert.InRange(await PeakMiBAsync(100_000_000, block, packed: false, "--drop-lines-of", identifiers), 1, 64);
    }

    /// <summary>
    /// Gigabytes by RETENTION_STREAM_GB, RETENTION_LINE_GB and RETENTION_GZIP_GB (100 for the long form); output is discarded.
    /// </summary>
    [LongFact, Trait("Category", "Long")]
    public async Task Memory_stays_under_64_MiB_at_any_size_at_any_line_length_and_however_far_content_expands()
    {
        var block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("203.0.113.77 - h-1-2-3-4.example 2001:db8:1:2::3 -\n", 20_000)));
        var line = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("203.0.113.77;2001:db8:1:2::3;", 40_000)));
        Assert.InRange(await PeakMiBAsync(Size("RETENTION_STREAM_GB", 5), block, packed: false), 1, 64);
        Assert.InRange(await PeakMiBAsync(Size("RETENTION_LINE_GB", 1), line, packed: false), 1, 64);
        Assert.InRange(await PeakMiBAsync(Size("RETENTION_GZIP_GB", 4), new byte[1 << 20], packed: true), 1, 64);
    }

    private static long Size(string name, long usual) => 1_000_000_000
        * (long.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var gigabytes) ? gigabytes : usual);

    /// <summary>Feeds so many bytes, block after block, and asks for the greatest memory while they pass.</summary>
    private static async Task<double> PeakMiBAsync(long bytes, byte[] block, bool packed, params string[] more)
    {
        using var run = Process.Start(new ProcessStartInfo("dotnet", [ToolPath(), "anonymise", "--truncate-ip", "--truncate-host", .. more])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var reading = run.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        var peak = 0L;
        await using (var input = packed ? new GZipStream(run.StandardInput.BaseStream, CompressionLevel.Fastest) : run.StandardInput.BaseStream)
        {
            for (var left = bytes; left > 0; left -= block.Length)
            {
                await input.WriteAsync(block);
                if (left / block.Length % 8 == 0)
                {
                    run.Refresh();
                    peak = Math.Max(peak, run.PeakWorkingSet64);
                }
            }
        }

        await reading;
        await run.WaitForExitAsync();
        Assert.Equal(0, run.ExitCode);
        return peak / 1048576.0;
    }

    private static string ToolPath() => typeof(AnonymiseFilter).Assembly.Location;

    private static (int Code, string Output, string Messages) Run(string input, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var messages = new StringWriter { NewLine = "\n" };
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(input));
        var code = AnonymiseFilter.Run(arguments, content, output, new Lazy<TextWriter>(messages));
        return (code, Encoding.UTF8.GetString(output.ToArray()), messages.ToString());
    }

    private string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] content)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static string Gunzip(byte[] packed)
    {
        using var reader = new StreamReader(new GZipStream(new MemoryStream(packed), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }
}
