using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Oracle;

/// <summary>
/// The second computation for the company's blobs: what must become of each, and whether a rewritten log is the one that
/// was, line for line, with nothing but addresses and names of hosts changed and none of them whole.
/// </summary>
internal sealed partial class NaiveLogOracle(Policy policy, DateTimeOffset now, string heldCustomer)
{
    public Fate Of(SampleFile file)
    {
        var dataset = policy.Datasets.Values.Single(candidate =>
            candidate.Container == file.Container && file.Name.StartsWith(candidate.Prefix, StringComparison.Ordinal));
        if (file.Metadata.Values.Contains(heldCustomer) || Text(file.Content).Contains(heldCustomer, StringComparison.Ordinal))
        {
            return Fate.Stays;
        }

        var rule = policy.Rules.LastOrDefault(rule => rule.Dataset == dataset.Name && rule.Mode is RuleMode.Enforce
            && rule.Periods.All(purpose => NaiveOracle.End(Start(file), purpose.Period) <= now));
        return rule is null ? Fate.Stays : rule.Action is RuleAction.Delete ? Fate.Goes : Fate.IsAnonymised;
    }

    /// <summary>Null where the blob is as it must be, else what is wrong. What was found is null for a blob that is gone.</summary>
    public string? Compare(SampleFile file, byte[]? content, Fate seen)
    {
        var expected = Of(file);
        if (seen != expected)
        {
            return $"{file.Name}: {expected} expected, {seen} seen";
        }

        return expected switch
        {
            Fate.Stays when !file.Content.AsSpan().SequenceEqual(content) => $"{file.Name}: another content",
            Fate.IsAnonymised => CompareLines(file.Name, Text(file.Content).Split('\n'), Text(content!).Split('\n')),
            _ => null,
        };
    }

    private static string? CompareLines(string name, string[] before, string[] after)
    {
        if (before.Length != after.Length)
        {
            return $"{name}: {before.Length} lines before, {after.Length} after";
        }

        for (var line = 0; line < before.Length; line++)
        {
            if (Blank(before[line]) != Blank(after[line]))
            {
                return $"{name}: line {line} differs in more than addresses";
            }

            if (WholeAddress().IsMatch(after[line]))
            {
                return $"{name}: line {line} holds a whole address";
            }
        }

        return null;
    }

    /// <summary>The days of logs stand in their names, the instant of a report beside it.</summary>
    private static DateTimeOffset Start(SampleFile file)
    {
        if (file.Metadata.TryGetValue("captured", out var captured))
        {
            return DateTimeOffset.Parse(captured, CultureInfo.InvariantCulture);
        }

        var date = file.Name[(file.Name.IndexOf('/', StringComparison.Ordinal) + 1)..];
        int Part(int from, int length) => int.Parse(date.AsSpan(from, length), CultureInfo.InvariantCulture);
        return new DateTimeOffset(Part(0, 4), Part(5, 2), Part(8, 2), 0, 0, 0, TimeSpan.Zero);
    }

    private static string Blank(string line) => Address().Replace(line, "#");

    private static string Text(byte[] content)
    {
        if (content is not [0x1f, 0x8b, ..])
        {
            return Encoding.UTF8.GetString(content);
        }

        using var inflated = new StreamReader(new GZipStream(new MemoryStream(content), CompressionMode.Decompress));
        return inflated.ReadToEnd();
    }

    /// <summary>Every way in which the sample writes an address, whole or cut.</summary>
    [GeneratedRegex(@"2001:db8:[0-9a-f:]+|\d+\.\d+\.\d+\.\d+|^[^\s""{]*dialup\.example")]
    private static partial Regex Address();

    /// <summary>More than 24 bits of the one kind, more than 48 of the other, or a name that still ends in its own number.</summary>
    [GeneratedRegex(@"2001:db8:[0-9a-f]+:[0-9a-f]|\b(203\.0\.113|198\.51\.100|192\.0\.2)\.[1-9]|dsl-\d+-\d+-\d+-[1-9]")]
    private static partial Regex WholeAddress();
}
