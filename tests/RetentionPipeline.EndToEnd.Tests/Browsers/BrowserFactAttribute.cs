namespace RetentionPipeline.EndToEnd.Tests.Browsers;

/// <summary>A test in Debian's chromium; skipped with the reason where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (BrowserTool.FindChromium() is null)
        {
            Skip = "Needs chromium: apt-get install chromium.";
        }
    }
}
