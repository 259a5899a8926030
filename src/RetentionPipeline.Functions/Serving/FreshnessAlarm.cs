using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Functions.Serving;

/// <summary>Looks at what must go on by itself, and says in the log what does not: an alert watches for these events.</summary>
public sealed partial class FreshnessAlarm(FreshnessWatch watch, FreshnessLimits limits, ILogger<FreshnessAlarm> logger)
{
    /// <summary>Looks once.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        foreach (var late in (await watch.LookAsync(limits, cancel)).Late)
        {
            LogLate(late.What, late.Since);
        }
    }

    [LoggerMessage(7002, LogLevel.Error, "{What} is late: nothing was heard of it since {Since:O}")]
    private partial void LogLate(string what, DateTimeOffset since);
}
