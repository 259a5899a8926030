using System.Runtime.InteropServices;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary>Whoever read our output is gone, as <c>head</c> is after its lines: nobody wants the rest.</summary>
internal sealed class ReaderGoneException : IOException
{
    public ReaderGoneException()
        : base("Nobody reads the output any more.")
    {
    }
}

/// <summary>
/// Standard output by write(2) alone. The console's stream first prepares a terminal for its readers and writers, which
/// costs a filter a sixth of its start, and it goes on when nobody reads. A stream over the descriptor as a file would
/// keep a position of its own, so that two filters after each other in one file overwrite each other.
/// </summary>
internal sealed class StandardOutput : Stream
{
    private const int Descriptor = 1;
    private const int Interrupted = 4;
    private const int BrokenPipe = 32;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Where there is no write(2), the console's stream.</summary>
    public static Stream Open() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new StandardOutput();

    /// <summary>Writes all of it, or throws: an <see cref="IOException"/> with the system's own words.</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            // As the generated marshalling does: the stub that the runtime would make for SetLastError is compiled at each start.
            Marshal.SetLastSystemError(0);
            var written = Write(Descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length);
            var error = Marshal.GetLastSystemError();
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
            }
            else if (error != Interrupted)
            {
                throw error == BrokenPipe ? new ReaderGoneException()
                    : new IOException($"The output cannot be written: {Marshal.GetPInvokeErrorMessage(error)}.");
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [DllImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Write(int descriptor, ref byte buffer, nint count);
}
