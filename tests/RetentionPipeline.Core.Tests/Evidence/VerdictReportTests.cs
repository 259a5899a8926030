using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Tests.Evidence;

/// <summary>What a verdict says to people and to programs.</summary>
public sealed partial class VerdictReportTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_rule_of_the_format_document_has_a_meaning_and_no_other_has()
    {
        var page = File.ReadAllText(Path.Combine(FindRoot(), "docs", "ledger", "leaves.md"));
        var from = page.IndexOf("reports each breach by name", StringComparison.Ordinal);
        var named = Rule().Matches(page[from..page.IndexOf("```", from, StringComparison.Ordinal)])
            .Select(match => match.Groups[1].Value).ToHashSet();
        Assert.True(named.Count > 25);
        Assert.Equal(named.Order(), RuleMeanings.Rules.Order());
    }

    [Fact]
    public void Every_rule_that_the_sources_report_is_in_the_format_document()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(FindRoot(), "src", "RetentionPipeline.Ledger"), "*.cs")
            .Concat(Directory.EnumerateFiles(Path.Combine(FindRoot(), "src", "RetentionPipeline.Core", "Evidence"), "*Rules.cs"))
            .Append(Path.Combine(FindRoot(), "src", "RetentionPipeline.Core", "Evidence", "SemanticVerifier.cs"))
            .Select(File.ReadAllText);
        var reported = sources.SelectMany(text => Reported().Matches(text)).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.True(reported.Count > 25, string.Join(' ', reported));
        Assert.Subset(RuleMeanings.Rules.ToHashSet(), reported);
    }

    [Fact]
    public void As_JSON_it_says_what_is_wrong_where_and_what_it_means()
    {
        var checkpoint = new Checkpoint("log.example/t", 7, new byte[32]);
        var verdict = new LogVerdict(
            new StructureReport(checkpoint, [new LogProblem(3, "tile", "other hash")], ["witness.example+00000001"]),
            new SemanticReport([], [("op", TimeSpan.FromHours(2))], ["hold-1"], ["request-1"]));
        var json = JsonNode.Parse(VerdictReport.Of(verdict, 5).ToJson())!;
        Assert.Equal(1, (int)json["version"]!);
        Assert.Equal("log.example/t", (string?)json["log"]);
        Assert.Equal(7, (long)json["size"]!);
        Assert.Equal(5, (long)json["checkedFrom"]!);
        Assert.False((bool)json["isWell"]!);
        var problem = json["problems"]!.AsArray().Single()!;
        Assert.Equal((3L, "tile", "other hash"), ((long)problem["index"]!, (string)problem["rule"]!, (string)problem["message"]!));
        Assert.Contains("not what was signed", (string?)problem["meaning"], StringComparison.Ordinal);
        Assert.Equal(3, json["unchecked"]!.AsArray().Count);
        Assert.Equal(7_200, (long)json["openIntents"]![0]!["ageSeconds"]!);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_opened_is_not_well()
    {
        var report = VerdictReport.Of(new LogVerdict(new StructureReport(null, [new LogProblem(null, "checkpoint", "none")], []), null), 0);
        Assert.False(report.IsWell);
        Assert.Null(report.Size);
    }

    [Fact]
    public void A_quiet_ledger_has_no_trouble_and_says_what_it_cannot_promise()
    {
        var health = Health();
        Assert.Empty(health.Troubles());
        Assert.Equal(TrustGrade.C, health.Grade);
        Assert.Equal(3, health.Limits().Count);
    }

    [Fact]
    public void Each_trouble_is_told()
    {
        var old = Now.AddDays(-2);
        var health = Health() with
        {
            Size = null,
            WaitingSince = old,
            Lanes = new LaneReport(9, [], 4, [new SequenceGap(Guid.Empty, 3, 5)]),
            OpenIntents = [new("op", old), new("young", Now.AddMinutes(-1))],
            Anchors = [new("tsa", "rfc3161", 4, old)],
            Locks = [new("ledger-wal", LockState.Locked, 30, false)],
            BrokenRules = ["counts"],
        };
        var troubles = string.Join('\n', health.Troubles());
        Assert.Equal(8, health.Troubles().Count);
        Assert.DoesNotContain("young", troubles, StringComparison.Ordinal);
        foreach (var word in new[] { "no checkpoint", "wait for the published log", "Blocks 3 to 5", "4 bytes", "Operation op", "tsa has vouched", "forbids appends", "rule counts" })
        {
            Assert.Contains(word, troubles, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(LockState.Locked, 1, 1, TrustGrade.A)]
    [InlineData(LockState.Locked, 25, 1, TrustGrade.B)]
    [InlineData(LockState.Locked, 1, null, TrustGrade.B)]
    [InlineData(LockState.Unlocked, 1, 1, TrustGrade.B)]
    [InlineData(LockState.Unseen, 1, 1, TrustGrade.B)]
    [InlineData(LockState.Locked, null, null, TrustGrade.C)]
    public void The_grade_follows_from_locks_and_anchors(LockState state, int? stampHours, int? witnessHours, TrustGrade grade)
    {
        var anchors = new List<PartyAnchor>();
        if (stampHours is { } stamp)
        {
            anchors.Add(new("tsa", "rfc3161", 4, Now.AddHours(-stamp)));
        }

        if (witnessHours is { } witness)
        {
            anchors.Add(new("witness.example", "witness", 4, Now.AddHours(-witness)));
        }

        var health = Health() with { Anchors = anchors, Locks = [new("ledger-wal", state, 30, true), new("ledger", state, 2_555, true)] };
        Assert.Equal(grade, health.Grade);
    }

    private static LedgerHealth Health() => new(
        Now, 4, Now, null, new LaneReport(9, [], 0, []), [], [],
        [new("ledger-wal", LockState.None, null, null), new("ledger", LockState.Unlocked, 30, true)], []);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "RetentionPipeline.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not lie in the repository.");
        }

        return folder.FullName;
    }

    [GeneratedRegex("`([a-z-]+)`")]
    private static partial Regex Rule();

    [GeneratedRegex("""(?:Add|Report|report|Broken|new|LogProblem)\((?:[A-Za-z.!\[\]*() ]+, )?"([a-z]+(?:-[a-z]+)*)", \$?"[A-Z]""")]
    private static partial Regex Reported();
}
