using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary>
/// Rewrites a file in its place. The result is written beside it, made durable and then renamed over it: whoever looks,
/// also after a crash at any instant, finds the old content or the new one, whole. What a killed run left beside the file
/// goes with the next one; the lock on it tells a run that still works.
/// </summary>
internal static class FileReplacement
{
    private const string Suffix = ".retention-new";

    /// <summary>
    /// Throws <see cref="IOException"/> where the file was written to in the meantime: lines that came are not lost.
    /// Mode and time of the file stay; its owner is who runs this.
    /// </summary>
    public static StreamStatistics Run(string path, StreamPlan plan, IProgress<StreamStatistics>? progress)
    {
        var file = new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path));
        Sweep(file);
        var (length, writtenAt) = (file.Length, file.LastWriteTimeUtc);
        var fresh = Path.Combine(file.DirectoryName!, $".{file.Name}.{Environment.ProcessId}{Suffix}");
        StreamStatistics statistics;
        try
        {
            using (var input = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0))
            using (var output = new FileStream(fresh, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                statistics = StreamRewriter.Rewrite(input, output, plan, progress, CancellationToken.None);
                output.Flush(flushToDisk: true);
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(output.SafeFileHandle, File.GetUnixFileMode(input.SafeFileHandle));
                }
            }

            File.SetLastWriteTimeUtc(fresh, writtenAt);
            file.Refresh();
            if ((file.Length, file.LastWriteTimeUtc) != (length, writtenAt))
            {
                throw new IOException($"'{path}' was written to in the meantime.");
            }

            File.Move(fresh, file.FullName, overwrite: true);
            return statistics;
        }
        catch
        {
            File.Delete(fresh);
            throw;
        }
    }

    private static void Sweep(FileInfo file)
    {
        foreach (var left in file.Directory!.EnumerateFiles($".{file.Name}.*{Suffix}"))
        {
            try
            {
                left.Open(FileMode.Open, FileAccess.Write, FileShare.None).Dispose();
                left.Delete();
            }
            catch (IOException)
            {
                // Another run holds it.
            }
        }
    }
}
