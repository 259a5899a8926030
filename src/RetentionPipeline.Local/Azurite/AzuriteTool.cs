using System.Diagnostics;

namespace RetentionPipeline.Local.Azurite;

/// <summary>The pinned npm package of Azurite, in <c>tools/azurite</c> of the checkout.</summary>
internal static class AzuriteTool
{
    /// <summary>The folder, after <c>npm ci</c> where that was not done yet. Two runs at once wait for each other.</summary>
    public static async Task<string> InstallAsync(CancellationToken cancel)
    {
        var folder = Find();
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (IsCurrent(folder, installed))
        {
            return folder;
        }

        await using var alone = await LockAsync(Path.Combine(folder, ".install-lock"), cancel);
        if (!IsCurrent(folder, installed))
        {
            await InstallIntoAsync(folder, cancel);
            File.SetLastWriteTimeUtc(installed, TimeProvider.System.GetUtcNow().UtcDateTime);
        }

        return folder;
    }

    private static async Task InstallIntoAsync(string folder, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("npm", "ci --no-audit --no-fund")
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        Process npm;
        try
        {
            npm = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new AzuriteStartException("npm was not found. It comes with Node.js: install that, or name a storage account with --storage.");
        }

        using (npm)
        {
            var errors = npm.StandardError.ReadToEndAsync(cancel);
            _ = npm.StandardOutput.ReadToEndAsync(cancel);
            await npm.WaitForExitAsync(cancel);
            if (npm.ExitCode != 0)
            {
                throw new AzuriteStartException(
                    $"'npm ci' in tools/azurite failed with {npm.ExitCode}. Run it there by hand to see why. {(await errors).Trim()}");
            }
        }
    }

    private static bool IsCurrent(string folder, string installed) =>
        File.Exists(installed)
        && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json"));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var tool = Path.Combine(folder.FullName, "tools", "azurite");
            if (File.Exists(Path.Combine(tool, "package-lock.json")))
            {
                return tool;
            }
        }

        throw new AzuriteStartException(
            "The folder tools/azurite of the checkout was not found above this program. Run it from a checkout, or name a "
            + "storage account with --storage.");
    }

    private static async Task<FileStream> LockAsync(string path, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancel);
            }
        }
    }
}
