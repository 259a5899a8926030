using System.Diagnostics;

namespace RetentionPipeline.EndToEnd.Tests.Filters;

/// <summary><c>retention anonymise</c> between other programs of a shell.</summary>
public sealed class PipeTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("pipe-tests-");

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary><c>yes</c> writes without end: the filter ends it when <c>head</c> has ended the filter.</summary>
    [Fact]
    public async Task It_ends_without_a_word_when_nobody_reads_any_more()
    {
        var output = await ShellAsync("yes 203.0.113.77 2> /dev/null | filter 2> said | head -1; echo ${PIPESTATUS[1]}; cat said");
        Assert.Equal("203.0.113.0\n141\n", output);
    }

    [Fact]
    public async Task Programs_after_each_other_write_one_file_after_each_other()
    {
        var output = await ShellAsync("{ echo 203.0.113.77 | filter; echo 198.51.100.9 a | filter; echo end; } > file; echo more | filter >> file; cat file");
        Assert.Equal("203.0.113.0\n198.51.100.0 a\nend\nmore\n", output);
    }

    [Fact]
    public async Task What_cannot_be_written_is_told()
    {
        var output = await ShellAsync("echo 203.0.113.77 | filter 2>&1 > /dev/full; echo ${PIPESTATUS[*]}");
        Assert.Equal("retention anonymise: The output cannot be written: No space left on device. The output is incomplete: discard it.\n0 1\n", output);
    }

    private async Task<string> ShellAsync(string script)
    {
        var filter = $"filter() {{ dotnet '{Path.Combine(AppContext.BaseDirectory, "retention.dll")}' anonymise --truncate-ip; }}\n";
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", filter + script])
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
        })!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await shell.StandardOutput.ReadToEndAsync(patience.Token);
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
        }
    }
}
