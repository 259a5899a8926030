using System.Globalization;
using System.IO.Compression;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary>What the filter was asked to do.</summary>
/// <param name="Plan">What happens to lines; without what a policy says.</param>
internal sealed record FilterArguments(StreamPlan Plan)
{
    public const string Usage = """
        Usage: retention anonymise [OPTIONS] < in > out
               retention anonymise [OPTIONS] FILE... > out
               retention anonymise [OPTIONS] --in-place FILE...

          --truncate-ip[=24,48]    cut IP addresses to so many bits
          --truncate-host          cut host names that spell out an address
          --drop-lines-of FILE     drop lines that hold one of the identifiers in FILE, one a line
          --format FORMAT          combined, ndjson, csv or w3c: lines have fields
          --field NAME:OPERATOR[,PARAMETER=VALUE]...
                                   change a field: request:strip-query, client.ip:truncate-ip, user:replace,with=x
          --keys DIR               folder of the keys that hmac needs; a key that is not there is made
          --policy FILE --dataset NAME
                                   do what the policy's rules do to the logs of a dataset
          --gzip[=fastest|optimal] refuse what is not gzip; how hard the result is compressed
          --max-expanded BYTES     fail where gzip expands to more
          --in-place               replace each file, once its new content is durable
          --stats                  say on standard error what was read and changed
          --progress               say there how far it is, a line for each 256 MiB

        Text or gzip, any size; what was compressed stays compressed.
        """;

    public IReadOnlyList<string> Files { get; init; } = [];

    public string? PolicyFile { get; init; }

    public string? Dataset { get; init; }

    public IReadOnlyList<string> Fields { get; init; } = [];

    public string? IdentifierFile { get; init; }

    public string? KeysFolder { get; init; }

    public bool InPlace { get; init; }

    public bool Statistics { get; init; }

    public bool Progress { get; init; }

    /// <summary>What is wrong, or null.</summary>
    public string? Problem { get; init; }

    private bool HasWork =>
        Plan is not { TruncateIp: null, Hosts: HostNames.Keep } || Fields.Count > 0 || PolicyFile is not null || IdentifierFile is not null;

    public static FilterArguments Parse(IReadOnlyList<string> arguments)
    {
        var asked = new FilterArguments(new StreamPlan(null, HostNames.Keep, []));
        for (var i = 0; i < arguments.Count && asked.Problem is null; i++)
        {
            var argument = arguments[i];
            if (argument is "--policy" or "--dataset" or "--keys" or "--drop-lines-of" or "--max-expanded" or "--format" or "--field")
            {
                i++;
                asked = i < arguments.Count ? asked.With(argument, arguments[i]) : asked with { Problem = $"'{argument}' needs a value." };
            }
            else if (argument.StartsWith('-'))
            {
                asked = asked.With(argument);
            }
            else
            {
                asked = asked with { Files = [.. asked.Files, argument] };
            }
        }

        return asked.Problem is not null ? asked : asked.Checked();
    }

    private FilterArguments Checked() =>
        (PolicyFile is null) != (Dataset is null) ? this with { Problem = "--policy and --dataset come together." }
        : InPlace && Files.Count == 0 ? this with { Problem = "--in-place needs the names of files." }
        : Fields.Count > 0 && Plan.Format is LineFormat.Text && PolicyFile is null ? this with { Problem = "--field needs a --format." }
        : !HasWork ? this with { Problem = "Nothing to do. Give --truncate-ip, --truncate-host, --field, --drop-lines-of or --policy." }
        : this;

    private FilterArguments With(string option, string value) => option switch
    {
        "--policy" => this with { PolicyFile = value },
        "--dataset" => this with { Dataset = value },
        "--keys" => this with { KeysFolder = value },
        "--field" => this with { Fields = [.. Fields, value] },
        "--format" => value switch
        {
            "combined" => this with { Plan = Plan with { Format = LineFormat.Combined } },
            "ndjson" => this with { Plan = Plan with { Format = LineFormat.Ndjson } },
            "csv" => this with { Plan = Plan with { Format = LineFormat.Csv } },
            "w3c" => this with { Plan = Plan with { Format = LineFormat.W3c } },
            _ => this with { Problem = $"There is no format '{value}'." },
        },
        "--drop-lines-of" => this with { IdentifierFile = value },
        _ => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes > 0
            ? this with { Plan = Plan with { MaxExpandedBytes = bytes } }
            : this with { Problem = $"'{value}' is no number of bytes." },
    };

    private FilterArguments With(string option) => option switch
    {
        "--truncate-host" => this with { Plan = Plan with { Hosts = HostNames.Truncate } },
        "--truncate-ip" => this with { Plan = Plan with { TruncateIp = AddressBits.Default } },
        "--gzip" or "--gzip=fastest" => this with { Plan = Plan with { Compression = ContentCompression.Gzip } },
        "--gzip=optimal" => this with
        {
            Plan = Plan with { Compression = ContentCompression.Gzip, Level = CompressionLevel.Optimal },
        },
        "--in-place" => this with { InPlace = true },
        "--stats" => this with { Statistics = true },
        "--progress" => this with { Progress = true },
        _ when option.StartsWith("--truncate-ip=", StringComparison.Ordinal)
            && ReadBits(option["--truncate-ip=".Length..]) is { } bits => this with { Plan = Plan with { TruncateIp = bits } },
        _ => this with { Problem = $"'{option}' is not understood." },
    };

    private static AddressBits? ReadBits(string text) =>
        text.Split(',') is [var v4, var v6]
        && int.TryParse(v4, NumberStyles.None, CultureInfo.InvariantCulture, out var four) && four <= 32
        && int.TryParse(v6, NumberStyles.None, CultureInfo.InvariantCulture, out var six) && six <= 128
            ? new AddressBits(four, six)
            : null;
}
