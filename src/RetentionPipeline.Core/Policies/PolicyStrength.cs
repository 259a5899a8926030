using System.Collections.Frozen;

namespace RetentionPipeline.Core.Policies;

/// <summary>Something that singles a person out and that a rule leaves.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Dataset">Its dataset.</param>
/// <param name="Field">The field; null where it is about whole text.</param>
/// <param name="Code">
/// Stable: subject-kept, weak-operator, pseudonym-linkable, date-shifted, query-kept, text-scrubbed, quasi-identifier-kept,
/// location-fine, host-kept.
/// </param>
/// <param name="Message">What is left, and what to do. Names of the policy only, never a value.</param>
public sealed record StrengthFinding(string Rule, string Dataset, string? Field, string Code, string Message);

/// <summary>
/// What the rules that anonymise leave of a person, by the policy alone. Each stage stands on the ones before it. Whether
/// what is left is anonymous in law (GDPR recital 26) is for a person to say; this says where to look.
/// </summary>
public static class PolicyStrength
{
    /// <summary>Categories whose fields name a person, or a thing that is one person's.</summary>
    private static readonly FrozenSet<string> Identifying = new[]
    {
        "name-contact", "credentials", "payment", "device", "environment", "social-profile", "contacts", "cookie-id",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>All findings, in the order of the rules.</summary>
    public static IReadOnlyList<StrengthFinding> Of(Policy policy) =>
    [
        .. policy.Rules.Where(rule => rule.Action is RuleAction.Anonymise)
            .SelectMany(rule => Of(policy.Datasets[rule.Dataset], rule, UsesUpTo(policy, rule))),
    ];

    /// <summary>Operators of all stages up to a rule, in order.</summary>
    public static IReadOnlyList<OperatorUse> UsesUpTo(Policy policy, Rule rule) =>
        [.. policy.RulesOf(rule.Dataset).Where(stage => stage.Action is RuleAction.Anonymise && stage.Stage <= rule.Stage).SelectMany(stage => stage.Operators)];

    private static IEnumerable<StrengthFinding> Of(Dataset dataset, Rule rule, IReadOnlyList<OperatorUse> uses)
    {
        StrengthFinding Found(string? field, string code, string message) => new(rule.Name, dataset.Name, field, code, message);

        // A policy does not load that changes them: holds and requests find the record by them.
        foreach (var subject in dataset.Subjects)
        {
            yield return Found(
                subject.Path, "subject-kept",
                $"'{subject.Path}' names a person ({subject.Kind}) and stays: the record is less telling, and still personal data. Only a stage that deletes ends that.");
        }

        foreach (var use in uses.Where(use => use.Field is not null && Identifying.Contains(dataset.Category) && KeepsSome(use)))
        {
            yield return Found(
                use.Field, "weak-operator",
                $"mask keeps characters of '{use.Field}', in a dataset of category {dataset.Category}: what is left may be enough to find it again. Keep none, or remove it.");
        }

        foreach (var use in uses)
        {
            if (Linking(use) is { } left)
            {
                yield return Found(use.Field, left.Code, left.Message);
            }
        }

        foreach (var field in dataset.QuasiIdentifiers.Where(field => !uses.Any(use => Covers(use, field))))
        {
            yield return Found(
                field, "quasi-identifier-kept",
                $"'{field}' is a quasi-identifier and stays as it is. Measure it with --sample, or generalise it.");
        }

        if (dataset.Category == "precise-location" && dataset.Format is null && !uses.Any(use => use.Operator == "coarsen-location"))
        {
            yield return Found(
                null, "location-fine",
                "The dataset holds precise locations, and no stage makes them coarse: rounded or cut decimals are finer than 0.999 km² "
                + "from some latitude on. Use coarsen-location, or remove both fields.");
        }

        if (dataset.Format is ContentFormat.Text && !uses.Any(use => use.Operator == "truncate-host"))
        {
            yield return Found(
                null, "host-kept",
                "Host names that spell out an address (reverse names of dial-up customers) stay in the text. Add truncate-host.");
        }
    }

    /// <summary>What an operator leaves by its nature, whatever the field.</summary>
    private static (string Code, string Message)? Linking(OperatorUse use) => use.Operator switch
    {
        "hmac" => ("pseudonym-linkable",
            $"hmac makes '{use.Field}' a pseudonym: who has the key '{use.Parameters.GetValueOrDefault("key")}' can tell whose it is, and equal "
            + "values stay equal. It is personal data (GDPR recital 26) until the key of the epoch is destroyed."),
        "shift-date" => ("date-shifted",
            $"shift-date keeps order and distances of one person's dates in '{use.Field}': who knows one of them, or has the key, knows all."),
        "strip-query" when use.Parameters.ContainsKey("keep") => ("query-kept",
            $"strip-query keeps parameters of '{use.Field}': no value of theirs may name a person or a session."),
        "scrub-text" => ("text-scrubbed",
            $"scrub-text finds what has a form of its own in '{use.Field}'; names, streets and what a person tells of themselves stay."),
        _ => null,
    };

    private static bool KeepsSome(OperatorUse use) => use.Operator == "mask"
        && (use.Parameters.GetValueOrDefault("keep-first", "0") != "0" || use.Parameters.GetValueOrDefault("keep-last", "0") != "0");

    private static bool Covers(OperatorUse use, string field) =>
        use.Field == field || (use.Parameters.TryGetValue("longitude-field", out var longitude) && longitude == field);
}
