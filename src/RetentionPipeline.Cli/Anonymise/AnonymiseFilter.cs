using System.Globalization;
using System.Runtime.CompilerServices;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary><c>retention anonymise</c>: a filter for pipes and files.</summary>
public static class AnonymiseFilter
{
    /// <summary>What a shell says of a filter that SIGPIPE (13) ended, as it ends most.</summary>
    private const int NobodyReads = 128 + 13;

    /// <summary>
    /// Runs the filter; 0 done, 1 a content could not be read or written, 2 usage, 141 nobody reads the output any more. What was written by then is worthless,
    /// but a file that is replaced in its place is either the old or the new one, whole.
    /// </summary>
    /// <param name="messages">Made only when there is something to say.</param>
    public static int Run(string[] arguments, Stream input, Stream output, Lazy<TextWriter> messages)
    {
        if (arguments is ["--help"] or ["-h"])
        {
            messages.Value.WriteLine(FilterArguments.Usage);
            return 0;
        }

        var asked = FilterArguments.Parse(arguments);
        if (asked.Problem is { } problem)
        {
            messages.Value.WriteLine($"retention anonymise: {problem}\n{FilterArguments.Usage}");
            return 2;
        }

        try
        {
            if (asked.IdentifierFile is { } file)
            {
                asked = asked with { Plan = asked.Plan with { DropLinesOf = File.ReadAllLines(file) } };
            }

            if (asked.PolicyFile is not null && AddPolicy(ref asked) is { } refusal)
            {
                messages.Value.WriteLine($"retention anonymise: {refusal}");
                return 2;
            }

            if (asked.Fields.Count > 0 && FieldOptions.Add(ref asked) is { } wrong)
            {
                messages.Value.WriteLine($"retention anonymise: {wrong}");
                return 2;
            }

            RunOver(asked, input, output, messages);
            return 0;
        }
        catch (ReaderGoneException)
        {
            return NobodyReads;
        }
        catch (UnreadableContentException unreadable)
        {
            messages.Value.WriteLine($"retention anonymise: {unreadable.Message} {Remains(asked)}");
            return 1;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            messages.Value.WriteLine($"retention anonymise: {failed.Message} {Remains(asked)}");
            return 1;
        }
    }

    /// <summary>Apart, so that a filter without a policy loads nothing that reads one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string? AddPolicy(ref FilterArguments asked)
    {
        var (plan, refusal) = PolicyPlan.Read(asked);
        asked = asked with { Plan = plan };
        return refusal;
    }

    private static void RunOver(FilterArguments asked, Stream input, Stream output, Lazy<TextWriter> messages)
    {
        var progress = asked.Progress ? new ProgressLines(messages.Value) : null;
        var none = new StreamStatistics(0, 0, 0, 0, 0);
        var all = asked.Files.Count == 0
            ? StreamRewriter.Rewrite(input, output, asked.Plan, progress, CancellationToken.None)
            : none;
        foreach (var file in asked.Files)
        {
            if (asked.InPlace)
            {
                all = Add(all, FileReplacement.Run(file, asked.Plan, progress));
                continue;
            }

            using var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            all = Add(all, StreamRewriter.Rewrite(content, output, asked.Plan, progress, CancellationToken.None));
        }

        output.Flush();
        if (asked.Statistics)
        {
            messages.Value.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{all.Lines} lines read, {all.Changed} changed, {all.Dropped} dropped; {all.Edits} edits in {all.Bytes} bytes"));
        }
    }

    private static StreamStatistics Add(StreamStatistics sum, StreamStatistics one) => new(
        sum.Lines + one.Lines, sum.Changed + one.Changed, sum.Dropped + one.Dropped, sum.Edits + one.Edits, sum.Bytes + one.Bytes);

    private static string Remains(FilterArguments asked) =>
        asked.InPlace ? "The file is as it was." : "The output is incomplete: discard it.";

    private sealed class ProgressLines(TextWriter messages) : IProgress<StreamStatistics>
    {
        private const long Step = 256 * 1024 * 1024;
        private long next = Step;

        public void Report(StreamStatistics value)
        {
            if (value.Bytes < next)
            {
                next = Math.Min(next, value.Bytes - (value.Bytes % Step) + Step);
                return;
            }

            messages.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{value.Bytes} bytes, {value.Lines} lines"));
            next = value.Bytes - (value.Bytes % Step) + Step;
        }
    }
}
