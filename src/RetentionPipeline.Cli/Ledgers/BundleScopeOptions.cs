using System.CommandLine;
using System.Globalization;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary>What a bundle is asked for: one request, or scans by id, dataset and period.</summary>
internal sealed class BundleScopeOptions
{
    private readonly Argument<string[]> request = new("REQUEST")
    {
        Description = "Id of the request in the log, or SOURCE and ID as in request show; none for scans.",
        Arity = new ArgumentArity(0, 2),
    };

    private readonly Option<string?> scan = new("--scan") { Description = "Instead of a request: this scan." };
    private readonly Option<string?> dataset = new("--dataset") { Description = "Instead of a request: every scan of this dataset." };
    private readonly Option<string?> from = new("--from") { Description = "Only scans begun on or after this day, yyyy-MM-dd, UTC." };
    private readonly Option<string?> to = new("--to") { Description = "Only scans begun before this day, yyyy-MM-dd, UTC." };

    public void AddTo(Command command)
    {
        command.Arguments.Add(request);
        foreach (var option in new[] { scan, dataset, from, to })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>A request or a scope; neither where the words make no sense together.</summary>
    public (Guid? Request, ScanScope? Scope) Read(ParseResult result)
    {
        var words = result.GetValue(request) ?? [];
        var named = new[] { scan, dataset, from, to }.Any(option => result.GetValue(option) is not null);
        if (words.Length > 0)
        {
            return (named ? null : IdOf(words), null);
        }

        return named && TryDay(result.GetValue(from), out var begun) && TryDay(result.GetValue(to), out var ended)
            ? (null, new ScanScope(result.GetValue(scan), result.GetValue(dataset), begun, ended))
            : (null, null);
    }

    private static Guid? IdOf(string[] words) => words switch
    {
        [var id] => Guid.TryParseExact(id, "D", out var request) ? request : null,
        [var source, var id] => DerivedId.RequestOf(source, id),
        _ => null,
    };

    private static bool TryDay(string? text, out DateTimeOffset? at)
    {
        at = null;
        if (text is null)
        {
            return true;
        }

        if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            return false;
        }

        at = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        return true;
    }
}
