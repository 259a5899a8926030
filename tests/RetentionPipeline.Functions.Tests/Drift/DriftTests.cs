using System.Text.RegularExpressions;
using RetentionPipeline.Infra.Tests.Bicep;

namespace RetentionPipeline.Functions.Tests.Drift;

/// <summary>Every rule on what is published here, and on every drift that was thought of.</summary>
public sealed partial class DriftTests(FactsFixture fixture) : IClassFixture<FactsFixture>
{
    private const string Page = "docs/functions.md";

    public static TheoryData<string> Names => [.. DriftRules.All.Select(rule => rule.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Nothing_has_drifted(string name) =>
        Assert.Equal([], DriftRules.All.Single(rule => rule.Name == name).Look(fixture.Facts));

    [Theory, MemberData(nameof(Names))]
    public void A_drift_is_reported(string name)
    {
        var rule = DriftRules.All.Single(rule => rule.Name == name);
        Assert.All(rule.Planted, planted => Assert.Equal(planted.Expected.Order(), rule.Look(planted.Change(fixture.Facts)).Order()));
    }

    [Fact]
    public void The_page_has_a_row_for_each_setting_that_is_read_and_for_no_other()
    {
        var text = File.ReadAllText(Path.Combine(InfraFolder.Root, Page));
        Assert.Equal([], Compare(text));
        Assert.Equal(["Retention__lateAfter has no row."], Compare(text.Replace("| `Retention__lateAfter`", "| lateAfter", StringComparison.Ordinal)));
        Assert.Equal(["Retention__late is read by nobody.", "Retention__lateAfter has no row."], Compare(text.Replace("| `Retention__lateAfter`", "| `Retention__late`", StringComparison.Ordinal)));
    }

    private IEnumerable<string> Compare(string page)
    {
        var read = fixture.Facts.Settings.Keys.SelectMany(place => fixture.Facts.ReaderOf(place).Asked).Select(General).ToHashSet();
        var rows = Row().Matches(page).SelectMany(row => Name().Matches(row.Groups[1].Value)).Select(match => match.Groups[1].Value).ToHashSet();
        return rows.Except(read).Select(name => $"{name} is read by nobody.").Concat(read.Except(rows).Select(name => $"{name} has no row.")).Order(StringComparer.Ordinal);
    }

    /// <summary>As the page names it: stores and sections are many, and alike.</summary>
    private static string General(string name)
    {
        var parts = name.Split("__");
        return parts switch
        {
            [.., "clientId" or "credential"] => "SECTION__" + parts[^1],
            ["Stores", _, ..] => string.Join("__", parts.Select((part, place) => place == 1 ? "NAME" : part)),
            _ => name,
        };
    }

    [GeneratedRegex(@"^\| (`[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`((?:ServiceBus|WorkStorage|LedgerStorage|Stores__NAME|Keys|Retention|SECTION)(?:__?\w+)?)`")]
    private static partial Regex Name();
}

/// <summary>The facts, read once.</summary>
public sealed class FactsFixture : IAsyncLifetime
{
    internal AppFacts Facts { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => Facts = await AppFacts.ReadAsync();

    /// <inheritdoc/>
    public Task DisposeAsync() => Task.CompletedTask;
}
