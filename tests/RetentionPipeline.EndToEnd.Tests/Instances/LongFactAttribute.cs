namespace RetentionPipeline.EndToEnd.Tests.Instances;

/// <summary>
/// A test that takes a minute or more, since real processes wait for real time in it. Shown as skipped unless
/// RETENTION_LONG is set; the README names the command.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("RETENTION_LONG")))
        {
            Skip = "Takes minutes: set RETENTION_LONG=1.";
        }
    }
}
