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
    public async Task<byte[]?> FindAsync(string name, CancellationToken cancel)
    {
        try
        {
            var secret = await File.ReadAllBytesAsync(PathOf(name), cancel);
            return secret.AsSpan().ContainsAnyExcept((byte)0) ? secret : throw new SecretRefusedException(name, "it is being destroyed");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<SecretEnd> DestroyAsync(string name, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            // Over its own bytes, then away with the name: a crash between leaves zeros, which nobody is given. What a disk
            // or a copy of the folder keeps besides, no program can reach. Several may do it at once.
            using (var file = new FileStream(PathOf(name), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            {
                file.Write(new byte[file.Length]);
                file.Flush(flushToDisk: true);
            }

            File.Delete(PathOf(name));
        }
        catch (FileNotFoundException)
        {
            // Never there, or gone.
        }

        // Whoever comes after a crash behind the delete flushes its name away all the same.
        DurableFiles.SyncFolder(folder);
        return Task.FromResult<SecretEnd>(new SecretEnd.Gone());
    }

    private string PathOf(string name) => Path.Combine(folder, name);
}
