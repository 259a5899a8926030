using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RetentionPipeline.EndToEnd.Tests.Instances;

namespace RetentionPipeline.EndToEnd.Tests.LocalRuns;

/// <summary>What a person may do wrong: said clearly, with what to do next, and nothing is changed.</summary>
[Collection(ChildrenCollection.Name)]
public sealed class BadInputTests : IDisposable
{
    private const int BadInput = 2;
    private const int CannotReach = 3;
    private readonly string folder = Directory.CreateTempSubdirectory("bad-").FullName;

    private string Data => Path.Combine(folder, "data");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public Task Without_node_it_says_what_to_install() => AssertRefusedAsync(
        CannotReach, "Node.js was not found", "--node", Path.Combine(folder, "no-node"));

    [Fact]
    public Task With_a_node_that_is_too_old_it_says_which_is_needed()
    {
        var node = Path.Combine(folder, "node");
        File.WriteAllText(node, "#!/bin/sh\necho v18.20.1\n");
        MakeExecutable(node);
        return AssertRefusedAsync(CannotReach, "v18.20.1 is too old. The local storage needs Node.js 20", "--node", node);
    }

    [Theory]
    [InlineData("--blob-port")]
    [InlineData("--cosmos-port")]
    [InlineData("--bus-port")]
    [InlineData("--table-port")]
    public async Task A_port_that_is_in_use_is_named(string option)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = $"{((IPEndPoint)taken.LocalEndpoint).Port}";
        await AssertRefusedAsync(CannotReach, $"Port {port}", option, port);
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_is_named()
    {
        File.WriteAllText(Path.Combine(folder, "file"), "");
        foreach (var data in new[] { Path.Combine(folder, "file", "data"), "/proc/retention" })
        {
            var (code, output) = await StartedRun.RunAsync("--once", "--data", data);
            Assert.Equal(BadInput, code);
            Assert.Contains($"The data folder '{data}' cannot be written", output, StringComparison.Ordinal);
            Assert.Contains("--data", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_data_folder_on_a_disk_with_too_little_room_is_refused_before_anything_is_written()
    {
        await using var disk = await SmallDisk.MountAsync(folder, mebibytes: 20);
        if (disk is null)
        {
            // Mounting takes a right that not every machine gives; the check is the same for every disk.
            return;
        }

        var (code, output) = await StartedRun.RunAsync("--once", "--data", Path.Combine(disk.Path, "data"));

        Assert.Equal(BadInput, code);
        Assert.Contains("MiB left; this run needs about", output, StringComparison.Ordinal);
        Assert.Equal(["run.lock"], Directory.EnumerateFileSystemEntries(Path.Combine(disk.Path, "data")).Select(Path.GetFileName));
    }

    [LongFact, Trait("Category", "Long")]
    public async Task A_disk_that_fills_up_ends_the_run_and_the_next_one_goes_on()
    {
        await using var disk = await SmallDisk.MountAsync(folder, mebibytes: 120);
        if (disk is null)
        {
            return;
        }

        string[] arguments = ["--once", "--records", "400", "--log-mb", "0", "--data", Path.Combine(disk.Path, "data")];
        var ballast = Path.Combine(disk.Path, "ballast");
        await using (var run = new StartedRun(arguments))
        {
            await run.SaysAsync("are in place");
            await Fill(ballast, disk.Path);
            Assert.Equal(1, await run.WaitForExitAsync());
            Assert.Contains("is nearly full. The run ends", run.Output, StringComparison.Ordinal);
        }

        File.Delete(ballast);
        var (code, output) = await StartedRun.RunAsync(arguments);
        Assert.True(code == 0, output);
    }

    [Fact]
    public Task A_policy_with_mistakes_is_told_with_every_one_and_its_place()
    {
        var policy = Path.Combine(folder, "bad.yaml");
        File.WriteAllText(policy, """
            version: 1
            name: bad
            effective-from: soon
            purposes: [service]
            stores:
              shop: {kind: floppy, requests-per-second: 0}
            datasets: {}
            rules:
              - name: r
                dataset: nowhere
                clock: never
                period: 30 days
                action: shred
                mode: maybe
                cap: {records: -1, percent: 400}
                schedule: now and then
            """);
        return AssertRefusedAsync(
            BadInput,
            ["bad.yaml:3:", "bad.yaml:6:", "bad.yaml:10:", "bad.yaml:12:", "bad.yaml:13:", "bad.yaml:14:", "bad.yaml:15:", "bad.yaml:16:"],
            "--policy", policy);
    }

    [Fact]
    public Task A_policy_that_is_not_there_is_named() => AssertRefusedAsync(
        BadInput, "cannot be read", "--policy", Path.Combine(folder, "none.yaml"));

    [Fact]
    public Task Something_that_is_no_address_is_no_storage() => AssertRefusedAsync(
        BadInput, "--storage is neither a connection string nor an https URL", "--storage", "my-account");

    [Fact]
    public async Task Something_that_is_no_address_is_no_Cosmos_DB_account()
    {
        var output = await AssertRefusedAsync(BadInput, "The address of a Cosmos DB account is neither", "--cosmos", "AccountEndpoint=mine;AccountKey=oh-no!;");
        Assert.DoesNotContain("oh-no", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Cosmos_DB_account_that_does_not_answer_is_told_and_the_key_is_not()
    {
        const string key = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==";
        var output = await AssertRefusedAsync(
            CannotReach, "shop", "--cosmos", $"AccountEndpoint=http://127.0.0.1:9/;AccountKey={key};");
        Assert.Contains("does not answer", output, StringComparison.Ordinal);
        Assert.DoesNotContain(key, output, StringComparison.Ordinal);
    }

    [Fact]
    public Task Something_that_is_no_address_is_no_Service_Bus() => AssertRefusedAsync(
        BadInput, "The address of Service Bus is neither", "--bus", "Endpoint=mine;Key=oh-no!");

    [Fact]
    public async Task A_Service_Bus_that_does_not_answer_is_told_and_the_key_is_not()
    {
        const string key = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==";
        var output = await AssertRefusedAsync(
            CannotReach, "Service Bus cannot be reached or refuses", "--bus",
            $"Endpoint=sb://localhost:9;SharedAccessKeyName=Root;SharedAccessKey={key};UseDevelopmentEmulator=true;");
        Assert.DoesNotContain(key, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_storage_that_does_not_answer_is_told_and_the_key_is_not()
    {
        const string key = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==";
        var output = await AssertRefusedAsync(
            CannotReach, "The storage account cannot be reached or refuses: no answer", "--storage",
            $"DefaultEndpointsProtocol=http;AccountName=far;AccountKey={key};BlobEndpoint=http://127.0.0.1:9/far;TableEndpoint=http://127.0.0.1:9/far;");
        Assert.DoesNotContain(key, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--records", "7")]
    [InlineData("--records", "many")]
    [InlineData("--log-mb", "-1")]
    [InlineData("--unknown", "1")]
    public async Task An_option_that_is_wrong_is_usage(string option, string value)
    {
        var (code, output) = await StartedRun.RunAsync("--once", option, value, "--data", Data);
        Assert.Equal(BadInput, code);
        Assert.Contains(option == "--unknown" ? "--unknown" : option, output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    private Task<string> AssertRefusedAsync(int code, string text, params string[] arguments) => AssertRefusedAsync(code, [text], arguments);

    private async Task<string> AssertRefusedAsync(int code, string[] texts, params string[] arguments)
    {
        var (ended, output) = await StartedRun.RunAsync(["--once", "--data", Data, .. arguments]);
        Assert.True(ended == code, $"ended with {ended}:\n{output}");
        Assert.All(texts, text => Assert.Contains(text, output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        return output;
    }

    private static async Task Fill(string file, string disk)
    {
        await using var ballast = File.Create(file);
        var left = new DriveInfo(disk).AvailableFreeSpace - (8 * 1024 * 1024);
        for (var piece = new byte[1024 * 1024]; left > 0; left -= piece.Length)
        {
            await ballast.WriteAsync(piece);
        }
    }

    private static void MakeExecutable(string file)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    /// <summary>A disk of its own, in memory.</summary>
    private sealed class SmallDisk(string path) : IAsyncDisposable
    {
        public string Path { get; } = path;

        /// <summary>Null where mounting is not allowed.</summary>
        public static async Task<SmallDisk?> MountAsync(string under, int mebibytes)
        {
            var path = Directory.CreateDirectory(System.IO.Path.Combine(under, "disk")).FullName;
            return await RunAsync("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", path) == 0 ? new SmallDisk(path) : null;
        }

        public async ValueTask DisposeAsync() => Assert.Equal(0, await RunAsync("umount", "-l", Path));

        private static async Task<int> RunAsync(string command, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
    }
}
