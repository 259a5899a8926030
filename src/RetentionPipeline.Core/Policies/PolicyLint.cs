using System.Collections.Frozen;
using System.Text.RegularExpressions;
using NCrontab;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Policies;

/// <summary>What the parts of a policy mean together. Every finding names the place, and what to do.</summary>
internal sealed class PolicyLint(Policy policy, IReadOnlyList<string> purposes, ProblemList problems)
{
    private static readonly FrozenSet<string> ExceptionCodes = Enumerable.Range(1, 8).Select(number => $"ccpa-d{number}")
        .Concat("abcde".Select(letter => $"gdpr-17-3-{letter}")).ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> MovingFields =
        FrozenSet.Create(StringComparer.Ordinal, "Timestamp", "@last-modified", "_ts");

    private static readonly string[] DateGroups = ["y", "m", "d"];

    public void Run(IReadOnlyDictionary<string, YamlPlace> datasets, IReadOnlyList<(YamlPlace Place, Rule Rule)> rules)
    {
        foreach (var (name, place) in datasets)
        {
            LintDataset(policy.Datasets[name], place);
        }

        LintOverlaps(datasets);
        foreach (var (place, rule) in rules)
        {
            LintRule(place, rule);
        }

        foreach (var group in rules.GroupBy(read => read.Rule.Name).Where(group => group.Count() > 1))
        {
            Error(group.Last().Place, "name", "rule-twice", $"There are two rules named '{group.Key}'.", "Give each rule a name of its own.");
        }

        foreach (var stages in rules.GroupBy(read => read.Rule.Dataset))
        {
            LintStages([.. stages]);
        }
    }

    private void LintDataset(Dataset dataset, YamlPlace place)
    {
        if (!policy.Stores.ContainsKey(dataset.Store))
        {
            Error(place, "store", "store-unknown", $"Dataset '{dataset.Name}' lies in store '{dataset.Store}', which is not declared.", "Declare it below 'stores:', or correct the name.");
        }

        if (!Categories.All.Contains(dataset.Category))
        {
            Error(place, "category", "category-unknown", $"'{dataset.Category}' of dataset '{dataset.Name}' is no category.", $"Use one of {string.Join(", ", Categories.All)}.");
        }

        foreach (var purpose in dataset.Purposes.Except(purposes))
        {
            Error(place, "purposes", "purpose-unknown", $"Dataset '{dataset.Name}' names the purpose '{purpose}', which is not declared.", "Declare it in 'purposes:', or correct the name.");
        }

        foreach (var clock in dataset.Clocks.Values)
        {
            LintClock(dataset, clock, place);
        }

        foreach (var keep in dataset.KeepAtLeast.Where(keep => !dataset.Clocks.ContainsKey(keep.Clock)))
        {
            Error(place, "keep-at-least", "clock-unknown", $"The keep-at-least '{keep.Name}' counts from the clock '{keep.Clock}', which dataset '{dataset.Name}' lacks.", "Declare the clock, or correct the name.");
        }

        foreach (var exception in dataset.Exceptions.Where(exception => !ExceptionCodes.Contains(exception.Code)))
        {
            Error(place, "exceptions", "exception-unknown", $"'{exception.Code}' of dataset '{dataset.Name}' is no coded exception.", $"Use one of {string.Join(", ", ExceptionCodes)}.");
        }

        LintNameDate(dataset, place);
        new SourceLint(policy, problems).LintWindow(dataset, place);
        LintPlace(dataset, place);
    }

    /// <summary>Where the records lie must be said in the way of the store's kind.</summary>
    private void LintPlace(Dataset dataset, YamlPlace place)
    {
        var kind = KindOf(dataset);
        if (kind is StoreKind.Cosmos && dataset.Container.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
        {
            Error(place, "container", "container-form", $"'{dataset.Container}' of dataset '{dataset.Name}' names no container of Cosmos DB.", "Write database/container, such as shop/orders.");
        }

        if (kind is null or StoreKind.Blob)
        {
            return;
        }

        (string Key, bool Written)[] ofBlobs =
        [
            ("format", dataset.Format is not null), ("prefix", dataset.Prefix.Length > 0), ("name-date", dataset.NameDate is not null),
        ];
        foreach (var (key, _) in ofBlobs.Where(key => key.Written))
        {
            Error(place, key, "only-for-blobs", $"Dataset '{dataset.Name}' does not lie in a blob store and has '{key}'.", $"Leave '{key}:' out: it is for blobs.");
        }
    }

    private void LintClock(Dataset dataset, Clock clock, YamlPlace place)
    {
        if (clock is { OpenWhileMissing: true, Kind: ClockKind.Collection or ClockKind.LastActivity })
        {
            Error(place, "clocks", "open-clock", $"Clock '{clock.Name}' of dataset '{dataset.Name}' ends nothing, so it cannot be open.", "Leave 'open-while-missing' out, or choose the kind of clock that it is.");
        }

        if (clock.Field == "@name-date" && dataset.NameDate is null)
        {
            Error(place, "clocks", "clock-never-starts", $"Clock '{clock.Name}' of dataset '{dataset.Name}' reads the date in the name, and no 'name-date' says where it is.", "Add 'name-date:' with groups y, m and d.");
        }

        if (clock.Link is { } link && !policy.Datasets.ContainsKey(link.Dataset))
        {
            Error(place, "clocks", "clock-never-starts", $"Clock '{clock.Name}' of dataset '{dataset.Name}' is linked to dataset '{link.Dataset}', which is not declared.", "Declare the dataset, or correct the name.");
        }

        if (clock.Link is { } there && policy.Datasets.TryGetValue(there.Dataset, out var linked) && KindOf(linked) is StoreKind.Cosmos
            && !there.HasKeyLevels)
        {
            Error(place, "clocks", "link-partition", $"'partition' of the link of clock '{clock.Name}' of dataset '{dataset.Name}' is no partition key of Cosmos DB.", "Write the levels of the key as a JSON array: '[\"{CustomerId}\"]'.");
        }

        if (MovingFields.Contains(clock.Field)
            && policy.RulesOf(dataset.Name).Any(rule => rule.Action is RuleAction.Anonymise))
        {
            Error(place, "clocks", "clock-moves", $"Clock '{clock.Name}' of dataset '{dataset.Name}' reads '{clock.Field}', which each rewrite moves, and a rule of the dataset anonymises.", "Use a field that stays: a creation time, or a date in the name.");
        }
    }

    private void LintNameDate(Dataset dataset, YamlPlace place)
    {
        if (dataset.NameDate is not { } pattern)
        {
            return;
        }

        try
        {
            var groups = new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)).GetGroupNames();
            if (DateGroups.Except(groups).Any())
            {
                Error(place, "name-date", "name-date-groups", $"'name-date' of dataset '{dataset.Name}' lacks a group y, m or d.", "Write it like access-(?<y>\\d{4})-(?<m>\\d{2})-(?<d>\\d{2}).");
            }
        }
        catch (ArgumentException)
        {
            Error(place, "name-date", "name-date-invalid", $"'name-date' of dataset '{dataset.Name}' is no regular expression.", "Check its brackets.");
        }
    }

    private void LintOverlaps(IReadOnlyDictionary<string, YamlPlace> datasets)
    {
        var all = policy.Datasets.Values.ToList();
        for (var i = 0; i < all.Count; i++)
        {
            foreach (var other in all.Skip(i + 1).Where(other => other.Store == all[i].Store && other.Container == all[i].Container
                && (other.Prefix.StartsWith(all[i].Prefix, StringComparison.Ordinal) || all[i].Prefix.StartsWith(other.Prefix, StringComparison.Ordinal))))
            {
                Error(datasets[other.Name], "container", "datasets-overlap", $"Datasets '{all[i].Name}' and '{other.Name}' share records: the same container, and one prefix begins with the other.", "Give them containers or prefixes of their own.");
            }
        }
    }

    private void LintRule(YamlPlace place, Rule rule)
    {
        if (rule.Name.Length == 0 || rule.Name is "self" or Rule.Request || rule.Name.Length > 60
            || !rule.Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            Error(place, "name", "name-invalid", $"'{rule.Name}' is no name for a rule.", "Use letters, digits and '-', at most 60; 'self' and 'request' are the pipeline's own.");
        }

        foreach (var purpose in rule.Periods.Select(period => period.Purpose).Where(purpose => purpose.Length > 0).Except(purposes))
        {
            Error(place, "periods", "purpose-unknown", $"Rule '{rule.Name}' names the purpose '{purpose}', which is not declared.", "Declare it in 'purposes:', or correct the name.");
        }

        if (CrontabSchedule.TryParse(rule.Schedule, new CrontabSchedule.ParseOptions { IncludingSeconds = true }) is null)
        {
            Error(place, "schedule", "schedule-invalid", $"'schedule' of rule '{rule.Name}' is no schedule.", "Write six fields, in UTC: second minute hour day month weekday, such as '0 30 2 * * *'.");
        }

        if (rule.Mode is RuleMode.Ramp != rule.Ramp is not null)
        {
            Error(place, "mode", "ramp-mismatch", $"Rule '{rule.Name}' has mode 'ramp' without 'ramp:', or the other way round.", "Write 'mode: ramp' together with 'ramp: {from: 2026-01-01, percent-per-day: 1}'.");
        }

        if (!policy.Datasets.TryGetValue(rule.Dataset, out var dataset))
        {
            Error(place, "dataset", "dataset-unknown", $"Rule '{rule.Name}' is about dataset '{rule.Dataset}', which is not declared.", "Declare it below 'datasets:', or correct the name.");
            return;
        }

        foreach (var clock in new[] { rule.Clock, rule.FallbackClock }.OfType<string>().Where(clock => !dataset.Clocks.ContainsKey(clock)))
        {
            Error(place, "clock", "clock-unknown", $"Rule '{rule.Name}' counts from the clock '{clock}', which dataset '{dataset.Name}' lacks.", "Declare the clock, or correct the name.");
        }

        LintOperators(place, rule, dataset);
        foreach (var keep in dataset.KeepAtLeast.Where(keep =>
            keep.Clock == rule.Clock && rule.Action is RuleAction.Delete && rule.Periods.All(period => IsShorter(period.Period, keep.Period))))
        {
            problems.Warn(place.MarkOf("period"), "keep-is-longer", $"Rule '{rule.Name}' ends before the keep-at-least '{keep.Name}', which wins.", "Write the longer period, or leave it: nothing is deleted early.");
        }
    }

    private void LintOperators(YamlPlace place, Rule rule, Dataset dataset)
    {
        if (rule.Action is RuleAction.Delete)
        {
            if (rule.Operators.Count > 0)
            {
                Error(place, "operators", "operators-on-delete", $"Rule '{rule.Name}' deletes, and has operators.", "Leave 'operators:' out, or write 'action: anonymise'.");
            }

            return;
        }

        if (rule.Operators.Count == 0)
        {
            Error(place, "action", "operators-missing", $"Rule '{rule.Name}' anonymises, and has no operators.", "Add 'operators:' with one or more.");
        }

        if (KindOf(dataset) is StoreKind.Blob && dataset.Format is null)
        {
            Error(place, "action", "format-missing", $"Rule '{rule.Name}' anonymises blobs of dataset '{dataset.Name}', which declares no 'format'.", "Add 'format: text' or 'format: ndjson' to the dataset.");
            return;
        }

        var plan = new StreamPlan(null, HostNames.Keep, []) { Format = RuleOperators.FormatOf(dataset) };
        foreach (var use in rule.Operators)
        {
            var found = dataset.Format is null
                ? OperatorCatalogue.ForField(use.Operator, use.Field, use.Parameters, OperatorKeys.None).Problems
                : OperatorCatalogue.AddToStream(use.Operator, use.Field, use.Parameters, OperatorKeys.None, ref plan);
            foreach (var problem in found)
            {
                Error(place, "operators", problem.Code, $"{problem.Message} (rule '{rule.Name}')", problem.Remedy);
            }

            if (KindOf(dataset) is StoreKind.Table && use.Field is { } path && path.AsSpan().ContainsAny('.', '*'))
            {
                Error(place, "operators", "path-in-table", $"Rule '{rule.Name}' anonymises '{path}': an entity has no field with a dot or '*' in its name.", "Name one field. Paths are for Cosmos DB and NDJSON.");
            }

            if (use.Field is { } field && (field.StartsWith('*') || IsKeyOrSubject(dataset, field)))
            {
                Error(place, "operators", "operator-on-key", $"Rule '{rule.Name}' anonymises '{field}', which names the record or its subject.", "Delete the record instead, or leave the field: holds and requests find it by this.");
            }
        }
    }

    /// <summary>A later stage that ends first would leave the earlier one nothing to do.</summary>
    private void LintStages(IReadOnlyList<(YamlPlace Place, Rule Rule)> stages)
    {
        for (var i = 1; i < stages.Count; i++)
        {
            var (before, rule) = (stages[i - 1].Rule, stages[i].Rule);
            if (before.Action is RuleAction.Delete)
            {
                Error(stages[i].Place, "action", "stage-after-delete", $"Rule '{rule.Name}' comes after rule '{before.Name}', which deletes.", "Put the rule that deletes last.");
            }
            else if (rule.Clock == before.Clock && IsShorter(Longest(rule), Longest(before)))
            {
                Error(stages[i].Place, "period", "stages-shrink", $"Rule '{rule.Name}' is a later stage than '{before.Name}' and ends first.", "Order the rules of a dataset by their periods.");
            }
        }
    }

    private static RetentionPeriod Longest(Rule rule) => rule.Periods.Select(period => period.Period)
        .Aggregate(new RetentionPeriod(0, 1), (one, other) => IsShorter(one, other) ? other : one);

    private static bool IsShorter(RetentionPeriod one, RetentionPeriod other) =>
        one.EndOf(DateTimeOffset.UnixEpoch) < other.EndOf(DateTimeOffset.UnixEpoch);

    private bool IsKeyOrSubject(Dataset dataset, string field) =>
        (KindOf(dataset) is StoreKind.Cosmos ? field is "id" : field is "PartitionKey" or "RowKey") || dataset.StageField == field
        || dataset.Subjects.Any(subject => subject.Path == field);

    private StoreKind? KindOf(Dataset dataset) =>
        policy.Stores.TryGetValue(dataset.Store, out var store) ? store.Kind : null;

    private void Error(YamlPlace place, string key, string code, string message, string remedy) =>
        problems.Error(place.MarkOf(key), code, message, remedy);
}
