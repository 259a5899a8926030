using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Adapters.Files;

/// <summary>
/// Files that are there whole and for good, or not at all: written aside, flushed, given their name in one step, and the
/// folder flushed too. File.Move without overwriting looks first and renames then, so of two processes both may win; on
/// Unix the name is given by link(2), which looks and acts at once. Nor can the BCL flush a folder.
/// </summary>
internal static class DurableFiles
{
    private const string Library = "libc";
    private const int Exists = 17;
    private static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(1);

    /// <summary>Writes a file under a name that is free. False where it is taken: then nothing was written.</summary>
    public static async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        var aside = Aside(path);
        EnsureFolder(Path.GetDirectoryName(path)!);
        try
        {
            await WriteAsync(aside, content, cancel);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }

        return Name(aside, path);
    }

    /// <summary>Gives a flushed file its name, for good; the name that it had goes. False where the new one is taken: the file is gone.</summary>
    public static bool Name(string aside, string path)
    {
        try
        {
            return TryName(aside, path);
        }
        finally
        {
            File.Delete(aside);
            SyncFolder(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Writes a file under a name, whatever was there. Not for two at once: take a lock.</summary>
    public static async Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        var aside = Aside(path);
        await WriteAsync(aside, content, cancel);
        File.Move(aside, path, overwrite: true);
        SyncFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>Makes a folder and all above it, each for good.</summary>
    public static void EnsureFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        var above = Path.GetDirectoryName(folder);
        if (above is not null)
        {
            EnsureFolder(above);
        }

        Directory.CreateDirectory(folder);
        SyncFolder(above ?? folder);
    }

    /// <summary>
    /// Waits until this process alone has the lock, and holds it until the stream is disposed or the process ends.
    /// Throws <see cref="IOException"/> after a minute.
    /// </summary>
    public static async Task<FileStream> LockAsync(string path, TimeProvider time, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException held) when (held.GetType() == typeof(IOException) && time.GetElapsedTime(began) < LockPatience)
            {
                await Task.Delay(LockPause, time, cancel);
            }
        }
    }

    /// <summary>Flushes the names in a folder. On Windows they are durable with their files.</summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var handle = Open(Encoding.UTF8.GetBytes(folder + '\0'), 0);
        if (handle < 0)
        {
            throw new IOException($"The folder could not be opened to be flushed (error {Marshal.GetLastPInvokeError()}).");
        }

        try
        {
            if (Sync(handle) != 0)
            {
                throw new IOException($"The folder could not be flushed (error {Marshal.GetLastPInvokeError()}).");
            }
        }
        finally
        {
            _ = Close(handle);
        }
    }

    private static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        await file.WriteAsync(content, cancel);
        file.Flush(flushToDisk: true);
    }

    private static bool TryName(string aside, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(aside, path, overwrite: false);
                return true;
            }
            catch (IOException) when (File.Exists(path))
            {
                return false;
            }
        }

        if (Link(Encoding.UTF8.GetBytes(aside + '\0'), Encoding.UTF8.GetBytes(path + '\0')) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == Exists ? false : throw new IOException($"A file could not be given its name (error {error}).");
    }

    /// <summary>A name that nobody reads; what a crash leaves there is of no use to anybody.</summary>
    private static string Aside(string path) => Path.Combine(
        Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");

    [DllImport(Library, EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(byte[] from, byte[] to);

    [DllImport(Library, EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport(Library, EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int handle);

    [DllImport(Library, EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
