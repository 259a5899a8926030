using System.Diagnostics;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.EndToEnd.Tests.Docs;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>Bundles under a checkpoint that outside parties vouched for.</summary>
public sealed class AnchoredBundleTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("anchored-").FullName;
    private readonly SigningWitness witness = new("witness.example/w1", Shop.Now.AddDays(60));
    private SimulatedPipeline simulation = null!;
    private NoteVerifier key = null!;
    private byte[] zip = null!;

    public async Task InitializeAsync()
    {
        simulation = await BundleShop.CompletedAsync(("r-1", 2));
        key = await BundleShop.KeyAsync(simulation);
        await ScanShop.AnchorAsync(simulation, witness, new OpensslStamps(folder));
        zip = await BundleShop.GetAsync(simulation, "r-1");
    }

    public Task DisposeAsync()
    {
        simulation.Dispose();
        Directory.Delete(folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public void What_vouches_for_a_bundle_lies_in_it_and_raises_its_grade()
    {
        var texts = BundleShop.Texts(zip);
        Assert.Equal(["anchors/tsa.example.tsr", "anchors/witness.example_w1.note"], texts.Keys.Where(name => name.StartsWith("anchors/", StringComparison.Ordinal)));
        Assert.Contains("Grade B", texts["certificate.html"], StringComparison.Ordinal);
        var verdict = BundleVerification.Verify(zip, key);
        Assert.Equal("C", verdict.Grade);
        Assert.Equal(2, verdict.Unchecked.Count);
        Assert.Empty(verdict.Anchors);

        verdict = BundleVerification.Verify(zip, new BundleTrust(key, [witness.Key], (_, _) => Shop.Now));
        Assert.Empty(verdict.Unchecked);
        Assert.Equal(2, verdict.Anchors.Count);
        Assert.True(verdict.IsWell);
        Assert.Equal("B", verdict.Grade);
        Assert.Equal("B", BundleVerification.Verify(zip, Trust()).Grade);
    }

    [Fact]
    public void An_anchor_that_was_changed_or_is_of_another_checkpoint_is_reported()
    {
        var facts = BundleShop.Facts(zip, key);
        Assert.Contains(Problems(zip, new BundleTrust(key, [], (_, _) => null)), problem => problem == ("anchors/tsa.example.tsr", "anchor"));
        for (var at = 0; at < 2; at++)
        {
            var (name, content) = (facts.Anchors[at].Name, facts.Anchors[at].Content.ToArray());
            content[^40] ^= 1;
            var trust = new BundleTrust(key, [witness.Key], (response, _) => response.Span.SequenceEqual(facts.Anchors[0].Content.Span) ? Shop.Now : null);
            Assert.Contains(Problems(BundleShop.Write(facts with { Anchors = [.. facts.Anchors.Select(anchor => anchor.Name == name ? new(name, content) : anchor)] }), trust), problem => problem == (name, "anchor"));
        }

        var swapped = facts with { Anchors = [facts.Anchors[0] with { Content = facts.Anchors[1].Content }, facts.Anchors[1] with { Content = facts.Anchors[0].Content }] };
        var told = Problems(BundleShop.Write(swapped), BundleTrust.Of(key));
        Assert.All(facts.Anchors, anchor => Assert.Contains((anchor.Name, "anchor"), told));
        Assert.Contains(Problems(StoredZip.Write([.. StoredZip.Read(zip).Files.Where(file => !file.Name.EndsWith(".note", StringComparison.Ordinal))]), BundleTrust.Of(key)), problem => problem.Item1 == "anchors/witness.example_w1.note");
    }

    [Fact]
    public async Task What_is_younger_than_the_last_anchor_has_none()
    {
        var anchoredAt = simulation.Time.GetUtcNow();
        await RequestShop.SendAsync(simulation, "r-2", 3);
        await RequestShop.RunThroughWindowAsync(simulation);
        var later = await BundleShop.GetAsync(simulation, "r-2");
        Assert.Equal("C", BundleVerification.Verify(later, Trust()).Grade);
        Assert.Equal("B", BundleVerification.Verify(await BundleShop.GetAsync(simulation, "r-1"), Trust()).Grade);
        Assert.Equal(zip, await BundleShop.GetAsync(simulation, "r-1"));
        Assert.Equal("B", BundleVerification.Verify(await ScanShop.GetAsync(simulation, new(null, null, null, anchoredAt)), Trust()).Grade);
    }

    [Fact]
    public async Task The_tool_and_the_command_of_VERIFY_md_check_the_time_stamp()
    {
        File.WriteAllBytes(Path.Combine(folder, "bundle.zip"), zip);
        var (code, output) = await RunAsync(folder, "dotnet", Path.Combine(AppContext.BaseDirectory, "retention.dll"), "evidence", "verify", "bundle.zip", "--key", key.ToString(), "--roots", "root.pem", "--witness", witness.Key.ToString());
        Assert.True(code == 0, output);
        Assert.Contains("tsa.example.tsr: the checkpoint existed at", output, StringComparison.Ordinal);
        Assert.Contains("the witness witness.example/w1 saw no other history", output, StringComparison.Ordinal);
        Assert.Contains("The bundle is well. Grade B", output, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "other.pem"), File.ReadAllText(Path.Combine(folder, "tsa.pem")));
        Assert.Equal(1, (await RunAsync(folder, "dotnet", Path.Combine(AppContext.BaseDirectory, "retention.dll"), "evidence", "verify", "bundle.zip", "--key", key.ToString(), "--roots", "other.pem")).Code);

        var unpacked = Path.Combine(folder, "unpacked");
        foreach (var file in StoredZip.Read(zip).Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(unpacked, file.Name))!);
            File.WriteAllBytes(Path.Combine(unpacked, file.Name), file.Content.ToArray());
        }

        File.Copy(Path.Combine(folder, "root.pem"), Path.Combine(unpacked, "roots.pem"));
        var command = Assert.Single(DocBlock.Parse("VERIFY.md", BundleShop.Texts(zip)["VERIFY.md"]), block => block.Text.Contains("openssl ts -verify", StringComparison.Ordinal)).Text;
        (code, output) = await RunAsync(unpacked, "bash", "-euo", "pipefail", "-c", command);
        Assert.True(code == 0, output);
        File.AppendAllText(Path.Combine(unpacked, "checkpoint"), "\n");
        Assert.NotEqual(0, (await RunAsync(unpacked, "bash", "-euo", "pipefail", "-c", command)).Code);
    }

    /// <summary>What the witness vouches for counts; nobody has the authority's root.</summary>
    private BundleTrust Trust() => new(key, [witness.Key], null);

    private static List<(string, string)> Problems(byte[] bytes, BundleTrust trust) =>
        [.. BundleVerification.Verify(bytes, trust).Problems.Select(problem => (problem.File, problem.Rule))];

    private static async Task<(int Code, string Output)> RunAsync(string where, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = where,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await said + await errors);
    }
}
