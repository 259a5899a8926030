using System.Security.Cryptography;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Files;

/// <summary>
/// Secrets as files of mode 0600 in a folder of mode 0700: for one machine. On Azure they are in Key Vault.
/// </summary>
public sealed class FileSecretStore : ISecretStore
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string folder;

    /// <summary>Makes the folder if it is not there.</summary>
    public FileSecretStore(string folder)
    {
        this.folder = folder;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, Owner | UnixFileMode.UserExecute);
        }
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetOrCreateAsync(string name, CancellationToken cancel)
    {
        if (await FindAsync(name, cancel) is { } known)
        {
            return known;
        }

        // Written aside and named in one step: a crash leaves no half of a key, and of two processes one wins.
        var aside = PathOf($".{name}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Owner;
        }

        await using (var file = new FileStream(aside, options))
        {
            await file.WriteAsync(RandomNumberGenerator.GetBytes(32), cancel);
            file.Flush(flushToDisk: true);
        }

        DurableFiles.Name(aside, PathOf(name));
        return await FindAsync(name, cancel)
            ?? throw new IOException($"The secret '{name}' was written and is not there. Check the keys folder.");
    }

    /// <inheritdoc/>
    public async Task<byte[]?> FindAsync(string name, CancellationToken cancel) =>
        File.Exists(PathOf(name)) ? await File.ReadAllBytesAsync(PathOf(name), cancel) : null;

    private string PathOf(string name) => Path.Combine(folder, name);
}
