using System.Buffers;

namespace RetentionPipeline.Ledger;

/// <summary>An exported log as it lies in a folder; names have slashes.</summary>
internal sealed class LogFolder(string folder)
{
    /// <summary>There is nothing there yet.</summary>
    public bool IsFree() =>
        !File.Exists(folder) && !(Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any());

    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        return File.WriteAllBytesAsync(PathOf(name), content, cancel);
    }

    /// <summary>Null for what is missing or cannot be read.</summary>
    public byte[]? Read(string name)
    {
        try
        {
            return File.ReadAllBytes(PathOf(name));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>As above, into a buffer of the shared pool that the caller gives back. Safe for concurrent use.</summary>
    public ArraySegment<byte>? ReadPooled(string name)
    {
        byte[]? buffer = null;
        try
        {
            using var file = new FileStream(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var length = checked((int)file.Length);
            buffer = ArrayPool<byte>.Shared.Rent(length);
            file.ReadExactly(buffer, 0, length);
            return new ArraySegment<byte>(buffer, 0, length);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or OverflowException)
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            return null;
        }
    }

    /// <summary>Names of all files.</summary>
    public IEnumerable<string> Names() => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'));

    private string PathOf(string name) => Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));
}
