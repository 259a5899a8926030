using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Cli.Policies;

/// <summary><c>retention anonymise check</c>: what the rules of a policy leave of a person.</summary>
internal static class CheckVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Build()
    {
        var policy = new Option<string>("--policy") { Description = "Policy document.", Required = true };
        var rule = new Option<string?>("--rule") { Description = "The rule whose result a sample is measured for." };
        var sample = new Option<string?>("--sample") { Description = "Records before the rule, one JSON object a line; '-' reads the input." };
        var quasi = new Option<string[]>("--quasi")
        {
            Description = "Fields that may together single a person out; those of the dataset if not given.",
            AllowMultipleArgumentsPerToken = true,
        };
        var least = new Option<int>("--k") { Description = "Exit with 1 where a group of the sample is smaller.", DefaultValueFactory = _ => 5 };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var command = new Command("check", "Reports what the rules of a policy leave that singles a person out, and the k-anonymity of a sample.")
        {
            policy, rule, sample, quasi, least, json,
        };
        command.SetAction((result, cancel) => RunAsync(
            new(result.GetValue(policy)!, result.GetValue(rule), result.GetValue(sample), result.GetValue(quasi) ?? [], result.GetValue(least), result.GetValue(json)),
            cancel));
        return command;
    }

    private static async Task<int> RunAsync(CheckOptions options, CancellationToken cancel)
    {
        Policy? policy;
        try
        {
            policy = PolicyDocument.Load(await File.ReadAllTextAsync(options.Policy, cancel), options.Policy).Policy;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Refuse($"The policy '{options.Policy}' cannot be read. Check its name and its permissions.");
        }

        if (policy is null)
        {
            return Refuse($"The policy has problems. See them all with: retention policy lint {options.Policy}");
        }

        AnonymityReport? report = null;
        if (options.Sample is not null)
        {
            var measured = await MeasureAsync(policy, options, cancel);
            if (measured.Report is null)
            {
                return Refuse(measured.Refusal!);
            }

            report = measured.Report;
        }

        var findings = PolicyStrength.Of(policy).Where(finding => options.Rule is null || finding.Rule == options.Rule).ToList();
        Console.Write(options.Json ? JsonOf(findings, report, options.Least) : TextOf(findings, report, options.Least));
        return report is not null && report.K < options.Least ? ExitCodes.FailedOrWaits : ExitCodes.Done;
    }

    private static async Task<(AnonymityReport? Report, string? Refusal)> MeasureAsync(Policy policy, CheckOptions options, CancellationToken cancel)
    {
        if (options.Rule is null || policy.FindRule(options.Rule) is not { Action: RuleAction.Anonymise } rule || policy.Datasets[rule.Dataset].Format is not null)
        {
            return (null, "A sample is measured for one rule. Name with --rule one of the policy that anonymises fields.");
        }

        IReadOnlyList<string> fields = options.Quasi.Count > 0 ? options.Quasi : policy.Datasets[rule.Dataset].QuasiIdentifiers;
        if (fields.Count == 0)
        {
            return (null, $"Dataset '{rule.Dataset}' declares no quasi-identifiers. Name the fields with --quasi.");
        }

        try
        {
            var measure = new SampleAnonymity(policy, rule, fields);
            using var reader = options.Sample == "-" ? Console.In : new StreamReader(options.Sample!);
            await measure.ReadAsync(reader, cancel);
            return measure.Report() is { SampleSize: > 0 } report ? (report, null) : (null, "The sample is empty. Give one JSON object a line.");
        }
        catch (SampleFormatException problem)
        {
            return (null, problem.Message);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return (null, $"The sample '{options.Sample}' cannot be read. Check its name and its permissions.");
        }
    }

    private static string TextOf(IReadOnlyList<StrengthFinding> findings, AnonymityReport? report, int least)
    {
        var lines = findings.Select(finding => $"{finding.Rule}: {finding.Code}: {finding.Message}").ToList();
        lines.Add(findings.Count == 0 ? "Nothing was found that singles a person out." : $"{findings.Count} findings.");
        if (report is not null)
        {
            lines.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"sample: {report.SampleSize} records in {report.Groups} groups; k = {report.K}; {report.Below(least)} records in groups smaller than {least}"));
            lines.AddRange(report.Sizes.Take(10).Select(size => string.Create(CultureInfo.InvariantCulture, $"  {size.Value} groups of {size.Key}")));
        }

        return string.Join("\n", lines) + "\n";
    }

    private static string JsonOf(IReadOnlyList<StrengthFinding> findings, AnonymityReport? report, int least)
    {
        var json = new JsonObject
        {
            ["findings"] = new JsonArray([.. findings.Select(finding => new JsonObject
            {
                ["code"] = finding.Code, ["dataset"] = finding.Dataset, ["field"] = finding.Field, ["message"] = finding.Message, ["rule"] = finding.Rule,
            })]),
        };
        if (report is not null)
        {
            json["sample"] = new JsonObject
            {
                ["records"] = report.SampleSize,
                ["groups"] = report.Groups,
                ["k"] = report.K,
                ["recordsBelow"] = report.Below(least),
                ["groupSizes"] = new JsonObject(report.Sizes.Select(size =>
                    KeyValuePair.Create<string, JsonNode?>(size.Key.ToString(CultureInfo.InvariantCulture), size.Value))),
            };
        }

        return json.ToJsonString(Indented) + "\n";
    }

    private static int Refuse(string why)
    {
        Console.Error.WriteLine(why);
        return ExitCodes.Usage;
    }

    /// <summary>What was asked for.</summary>
    private sealed record CheckOptions(string Policy, string? Rule, string? Sample, IReadOnlyList<string> Quasi, int Least, bool Json);
}
