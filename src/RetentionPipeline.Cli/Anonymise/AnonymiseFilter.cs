using System.Globalization;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary><c>retention anonymise</c>: a filter from standard input to standard output.</summary>
public static class AnonymiseFilter
{
    private const string Usage = """
        Usage: retention anonymise --truncate-ip[=V4,V6] [--truncate-host] [--stats] < in > out

          --truncate-ip[=24,48]  cut IP addresses to so many bits
          --truncate-host        cut host names that spell out an address
          --stats                say on standard error how many lines were read and changed

        Text or gzip, any size; what was compressed stays compressed.
        """;

    /// <summary>Runs the filter; 0 done, 1 the content could not be read, 2 usage.</summary>
    public static async Task<int> RunAsync(string[] arguments, Stream input, Stream output, TextWriter messages)
    {
        if (arguments is ["--help"] or ["-h"])
        {
            await messages.WriteLineAsync(Usage);
            return 0;
        }

        var plan = new StreamPlan(null, HostNames.Keep, []);
        var statistics = false;
        foreach (var argument in arguments)
        {
            if (argument == "--truncate-host")
            {
                plan = plan with { Hosts = HostNames.Truncate };
            }
            else if (argument == "--stats")
            {
                statistics = true;
            }
            else if (argument == "--truncate-ip")
            {
                plan = plan with { TruncateIp = AddressBits.Default };
            }
            else if (argument.StartsWith("--truncate-ip=", StringComparison.Ordinal)
                && ReadBits(argument["--truncate-ip=".Length..]) is { } bits)
            {
                plan = plan with { TruncateIp = bits };
            }
            else
            {
                await messages.WriteLineAsync($"retention anonymise: '{argument}' is not understood.\n{Usage}");
                return 2;
            }
        }

        if (plan is { TruncateIp: null, Hosts: HostNames.Keep })
        {
            await messages.WriteLineAsync($"retention anonymise: nothing to do. Give --truncate-ip, --truncate-host or both.\n{Usage}");
            return 2;
        }

        try
        {
            var done = await StreamRewriter.RewriteAsync(input, output, plan, CancellationToken.None);
            await output.FlushAsync();
            if (statistics)
            {
                await messages.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture, $"{done.Lines} lines read, {done.Changed} changed"));
            }

            return 0;
        }
        catch (UnreadableContentException unreadable)
        {
            await messages.WriteLineAsync($"retention anonymise: {unreadable.Message} The output is incomplete: discard it.");
            return 1;
        }
    }

    private static AddressBits? ReadBits(string text) =>
        text.Split(',') is [var v4, var v6]
        && int.TryParse(v4, NumberStyles.None, CultureInfo.InvariantCulture, out var four) && four <= 32
        && int.TryParse(v6, NumberStyles.None, CultureInfo.InvariantCulture, out var six) && six <= 128
            ? new AddressBits(four, six)
            : null;
}
