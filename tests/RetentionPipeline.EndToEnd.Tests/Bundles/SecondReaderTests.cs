using System.Diagnostics;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Records;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>
/// A reader in Python, written from <c>docs/ledger/bundle.md</c> alone, finds the same bundles good and the same files wrong;
/// and a bundle that was written once stays good.
/// </summary>
public sealed class SecondReaderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("second-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [PythonFact]
    public async Task The_second_reader_accepts_what_is_good_and_names_the_file_that_is_not()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        var key = await BundleShop.KeyAsync(simulation);
        var zip = await BundleShop.GetAsync(simulation, "r-1");
        await AssertReadAsync(zip, key, null);
        await AssertReadAsync(await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits")), key, null);
        await AssertReadAsync(zip, new NoteSigner(key.Name, new byte[32]).Verifier, "keys/verifiers.txt");

        var files = StoredZip.Read(zip).Files;
        foreach (var file in files.GroupBy(file => file.Name.Split('/')[0]).Select(group => group.Last()))
        {
            var content = file.Content.ToArray();
            content[content.Length / 2] ^= 1;
            var changed = StoredZip.Write([.. files.Select(one => one == file ? file with { Content = content } : one)]);
            await AssertReadAsync(changed, key, file.Name == "manifest.json" ? "" : file.Name);
        }

        var facts = BundleShop.Facts(zip, key);
        var shown = facts.Shown[^1];
        await AssertReadAsync(
            BundleShop.Write(facts with { Shown = [.. facts.Shown.SkipLast(1), shown with { Opening = shown.Opening with { Version = "other" } }] }), key,
            BundleNames.Shown(shown.Operation, shown.Place));
        await AssertReadAsync(zip[..^1], key, "zip");
    }

    [PythonFact]
    public async Task The_second_reader_accepts_forgotten_openings_and_no_other_commitment()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        await simulation.Get<SubjectForgetting>().ForgetAsync(
            [SubjectIdentifier.Of("customer-id", RequestShop.Customer(2)), SubjectIdentifier.Of("email", RequestShop.Email(2))], CancellationToken.None);
        var (key, zip) = (await BundleShop.KeyAsync(simulation), await BundleShop.GetAsync(simulation, "r-1"));
        await AssertReadAsync(zip, key, null);
        var facts = BundleShop.Facts(zip, key);
        var forgotten = facts.Shown.First(shown => shown.Opening.Forgotten is not null);
        var other = forgotten with { Opening = forgotten.Opening with { Forgotten = new byte[32] } };
        var lie = BundleShop.Write(facts with { Shown = [.. facts.Shown.Select(shown => shown == forgotten ? other : shown)] });
        await AssertReadAsync(lie, key, BundleNames.Shown(forgotten.Operation, forgotten.Place));
        Assert.Contains(BundleVerification.Verify(lie, key).Problems, problem => problem.Rule == "opening");
    }

    /// <summary>A new format gets a new number and a golden file of its own; RETENTION_GOLDEN=1 writes this one's.</summary>
    [Fact]
    public async Task The_golden_bundles_are_as_good_as_on_the_day_when_they_were_written()
    {
        var golden = Path.Combine(Find(), "Golden");
        if (Environment.GetEnvironmentVariable("RETENTION_GOLDEN") == "1")
        {
            using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
            Directory.CreateDirectory(golden);
            File.WriteAllText(Path.Combine(golden, "key"), (await BundleShop.KeyAsync(simulation)).ToString());
            File.WriteAllBytes(Path.Combine(golden, "request.zip"), await BundleShop.GetAsync(simulation, "r-1"));
            File.WriteAllBytes(Path.Combine(golden, "scans.zip"), await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits")));
        }

        var key = NoteVerifier.Parse(File.ReadAllText(Path.Combine(golden, "key")));
        foreach (var name in new[] { "request.zip", "scans.zip" })
        {
            var zip = File.ReadAllBytes(Path.Combine(golden, name));
            var verdict = BundleVerification.Verify(zip, key);
            Assert.Empty(verdict.Problems);
            Assert.NotEmpty(verdict.Claims);
            if (PythonFactAttribute.IsThere)
            {
                await AssertReadAsync(zip, key, null);
            }
        }
    }

    private static string Find()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(root.FullName, "tests", "RetentionPipeline.EndToEnd.Tests", "Bundles")))
        {
            root = root.Parent!;
        }

        return Path.Combine(root.FullName, "tests", "RetentionPipeline.EndToEnd.Tests", "Bundles");
    }

    private async Task AssertReadAsync(byte[] zip, NoteVerifier key, string? wrong)
    {
        File.WriteAllBytes(Path.Combine(folder, "bundle.zip"), zip);
        using var process = Process.Start(new ProcessStartInfo("python3", [Path.Combine(Find(), "check_bundle.py"), Path.Combine(folder, "bundle.zip"), key.ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True((await errors).Length == 0, await errors);
        Assert.Equal(wrong is null ? 0 : 1, process.ExitCode);
        Assert.True(wrong is null || (await said).StartsWith(wrong, StringComparison.Ordinal), $"{wrong}: {await said}");
    }
}

/// <summary>A test that needs Python 3; skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute()
    {
        if (!IsThere)
        {
            Skip = "Needs Python: apt-get install python3.";
        }
    }

    public static bool IsThere => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "python3")));
}
