namespace RetentionPipeline.Local.Runs;

/// <summary>The data folder cannot be used; the message says why and what to do.</summary>
public sealed class RunFolderException(string message) : Exception(message);

/// <summary>
/// The folder of one local run at a time: its queues, keys and, with the storage on this machine, everything else. A full
/// disk would make each of them fail in its own words, so the room on it is looked at first and while the run goes on.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const long Mebibyte = 1024 * 1024;

    /// <summary>Below it a run ends by itself, while what is under way can still be written.</summary>
    private const long LeastWhileRunning = 16 * Mebibyte;

    private readonly FileStream alone;

    private RunFolder(string path, FileStream alone) => (Path, this.alone) = (path, alone);

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Makes the folder where it is missing and takes it for this run alone.</summary>
    public static RunFolder Take(LocalOptions options)
    {
        FileStream alone;
        try
        {
            Directory.CreateDirectory(options.Folder);
            alone = new FileStream(
                System.IO.Path.Combine(options.Folder, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken) when (Directory.Exists(options.Folder) && IsSharing(taken))
        {
            throw new FolderInUseException(options.Folder);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(
                $"The data folder '{options.Folder}' cannot be written: {problem.Message} Name another one with --data.");
        }

        var folder = new RunFolder(options.Folder, alone);
        var needed = (64 + (4L * options.LogMegabytes)) * Mebibyte + (6144L * options.RecordCount);
        if (folder.Free() < needed)
        {
            folder.Dispose();
            throw new RunFolderException(
                $"The disk of the data folder '{options.Folder}' has {folder.Free() / Mebibyte} MiB left; this run needs about "
                + $"{needed / Mebibyte} MiB. Free some, or name a folder on another disk with --data.");
        }

        return folder;
    }

    /// <summary>Throws when the disk is about to be full.</summary>
    public void EnsureRoom()
    {
        if (Free() < LeastWhileRunning)
        {
            throw new RunFolderException(
                $"The disk of the data folder '{Path}' is nearly full. The run ends; nothing that it acknowledged is lost. Free "
                + "some room and start it again: it goes on where it stopped.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => alone.Dispose();

    private long Free() => new DriveInfo(Path).AvailableFreeSpace;

    /// <summary>EWOULDBLOCK of the lock on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.</summary>
    private static bool IsSharing(IOException failure) => (failure.HResult & 0xffff) is 11 or 35 or 32;
}

/// <summary>Another run has the data folder.</summary>
public sealed class FolderInUseException(string folder)
    : Exception($"Another local run uses the data folder '{folder}'. End it, or name another folder with --data.");
