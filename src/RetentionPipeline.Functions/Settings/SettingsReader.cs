using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace RetentionPipeline.Functions.Settings;

/// <summary>The app cannot start; the message names every setting that is wrong.</summary>
internal sealed class SettingsException(IReadOnlyList<string> problems)
    : Exception($"The app does not start. {problems.Count} of its settings are wrong:\n- {string.Join("\n- ", problems)}\nSee docs/functions.md.");

/// <summary>
/// Reads settings by the names that they have as environment variables, and collects what is wrong instead of stopping at the
/// first. It remembers what was asked for: whatever else stands in the app's sections is misspelt. No value is ever quoted.
/// </summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly HashSet<string> asked = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> problems = [];

    /// <summary>Everything that was found wrong so far.</summary>
    public IReadOnlyList<string> Problems => problems;

    /// <summary>The names of all settings that were asked for, those with a default included.</summary>
    public IReadOnlyCollection<string> Asked => asked;

    /// <summary>Null where it is missing or empty.</summary>
    public string? Find(string name)
    {
        asked.Add(name);
        return configuration[name.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal)] is { Length: > 0 } value ? value : null;
    }

    /// <summary>The value; empty, and a problem, where it is missing.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="what">What it must be.</param>
    public string Need(string name, string what)
    {
        if (Find(name) is { } value)
        {
            return value;
        }

        Refuse(name, $"is missing. It is {what}");
        return "";
    }

    /// <summary>A whole number; the default where it is missing.</summary>
    public int Number(string name, int otherwise, int least, int most)
    {
        if (Find(name) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        Refuse(name, $"is no whole number from {least} to {most}.");
        return otherwise;
    }

    /// <summary>A time as hh:mm:ss; the default where it is missing.</summary>
    public TimeSpan Time(string name, TimeSpan otherwise, TimeSpan least, TimeSpan most)
    {
        if (Find(name) is not { } text)
        {
            return otherwise;
        }

        if (TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        Refuse(name, $"is no time from {least:c} to {most:c}.");
        return otherwise;
    }

    /// <summary>Notes that a setting is wrong.</summary>
    public void Refuse(string name, string why) => problems.Add($"{name} {why}");

    /// <summary>Notes each setting that nobody asked for: in the sections, and those outside of them that begin as ours do.</summary>
    /// <param name="flat">How settings begin that triggers read as %…%.</param>
    /// <param name="sections">Ours.</param>
    public void RefuseOthers(string flat, params IEnumerable<string> sections)
    {
        var names = sections.SelectMany(section => configuration.GetSection(section).AsEnumerable())
            .Concat(configuration.AsEnumerable().Where(setting => setting.Key.StartsWith(flat, StringComparison.Ordinal)))
            .Where(setting => setting.Value is not null)
            .Select(setting => setting.Key.Replace(ConfigurationPath.KeyDelimiter, "__", StringComparison.Ordinal));
        foreach (var name in names.Where(name => !asked.Contains(name)).Order(StringComparer.Ordinal))
        {
            Refuse(name, "is no setting of this app. Is it misspelt?");
        }
    }
}
