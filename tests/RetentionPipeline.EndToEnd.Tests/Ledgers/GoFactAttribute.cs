namespace RetentionPipeline.EndToEnd.Tests.Ledgers;

/// <summary>A test that Go judges, by Debian's packages; skipped with the reason where they are not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoFactAttribute : FactAttribute
{
    /// <summary>Where Debian puts Go packages.</summary>
    public const string Packages = "/usr/share/gocode";

    public GoFactAttribute()
    {
        var isThere = Directory.Exists(Path.Combine(Packages, "src", "golang.org", "x", "mod", "sumdb"))
            && (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "go")));
        if (!isThere)
        {
            Skip = "Needs Go and its x/mod: apt-get install golang-go golang-golang-x-mod-dev.";
        }
    }
}
