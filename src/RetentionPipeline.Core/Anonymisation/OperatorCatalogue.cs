using System.Collections.Frozen;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>A parameter that is wrong, or an operator that does not exist.</summary>
/// <param name="Code">Stable.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
public sealed record OperatorProblem(string Code, string Message, string Remedy);

/// <summary>An operator that was made, or why it cannot be.</summary>
public sealed record OperatorResult(IFieldOperator? Operator, IReadOnlyList<OperatorProblem> Problems);

/// <summary>
/// The operators by their names in the policy. A plain hash is not offered: it can be brute-forced, and the law treats it
/// as personal data.
/// </summary>
public static class OperatorCatalogue
{
    private static readonly IReadOnlyDictionary<string, string[]> Known = new SortedDictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["coarsen-location"] = ["longitude-field", "min-area-km2"],
        ["email-domain"] = [],
        ["generalise-postcode"] = ["keep"],
        ["hmac"] = ["epoch", "key"],
        ["mask"] = ["char", "keep-first", "keep-last"],
        ["null"] = [],
        ["remove"] = [],
        ["replace"] = ["with"],
        ["round-number"] = ["to"],
        ["scrub-text"] = ["kinds", "region"],
        ["shift-date"] = ["epoch", "key", "max-days", "subject-field"],
        ["strip-query"] = ["keep"],
        ["truncate-date"] = ["to"],
        ["truncate-host"] = ["keep-labels"],
        ["truncate-ip"] = ["v4", "v6"],
    };

    /// <summary>Names for fields of records.</summary>
    public static IReadOnlyCollection<string> FieldOperators { get; } = [.. Known.Keys];

    /// <summary>Names for the text of logs.</summary>
    public static IReadOnlyCollection<string> StreamOperators { get; } = ["truncate-host", "truncate-ip"];

    /// <summary>Every parameter that an operator of the catalogue knows.</summary>
    public static IReadOnlyCollection<string> Parameters { get; } =
        [.. Known.Values.SelectMany(names => names).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The key that an operator needs; null for one that needs none, or whose parameters are wrong.</summary>
    public static KeyUse? KeyOf(string name, IReadOnlyDictionary<string, string> parameters)
    {
        var read = new ParameterReader(name, parameters);
        return name is "hmac" or "shift-date" && read.Key() is var use && read.Problems.Count == 0 ? use : null;
    }

    /// <summary>Makes an operator over a field; all problems at once.</summary>
    /// <param name="keys">Holds what <see cref="KeyOf"/> names, where the operator is to run.</param>
    public static OperatorResult ForField(
        string name, string? field, IReadOnlyDictionary<string, string> parameters, OperatorKeys keys)
    {
        var read = new ParameterReader(name, parameters);
        if (!Known.TryGetValue(name, out var allowed))
        {
            return Fail(new OperatorProblem(
                "operator-unknown", $"There is no operator '{name}'.", $"Use one of {string.Join(", ", Known.Keys)}."));
        }

        read.Allow(allowed);
        if (field is null)
        {
            read.Add("operator-field-missing", $"Operator '{name}' names no field.", "Add 'field:' with the field's name.");
        }

        if (name == "remove" && int.TryParse(field?.Split('.')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out _) && field.Contains('.', StringComparison.Ordinal))
        {
            // The entry behind it would be the next to go.
            read.Add("operator-on-entry", $"Operator 'remove' on '{field}' is not idempotent: run twice, it removes two entries.", "Use 'null', or remove the list.");
        }

        var made = Make(name, field ?? "", read, keys);
        return read.Problems.Count > 0 ? new OperatorResult(null, read.Problems) : new OperatorResult(made, []);
    }

    /// <summary>Adds an operator over text to a plan; problems are returned.</summary>
    public static IReadOnlyList<OperatorProblem> AddToStream(
        string name, string? field, IReadOnlyDictionary<string, string> parameters, OperatorKeys keys, ref StreamPlan plan)
    {
        if (field is not null && plan.Format is not LineFormat.Text)
        {
            return AddToFields(name, field, parameters, keys, ref plan);
        }

        var read = new ParameterReader(name, parameters);
        if (!StreamOperators.Contains(name))
        {
            read.Add(
                Known.ContainsKey(name) ? "operator-not-for-logs" : "operator-unknown",
                $"Operator '{name}' does not work on the text of logs.",
                $"Use one of {string.Join(", ", StreamOperators)}.");
            return read.Problems;
        }

        if (field is not null)
        {
            read.Add(
                "operator-field-on-log", $"Operator '{name}' on a log of text works on whole lines.",
                "Leave 'field:' out, or declare a format with fields.");
        }

        if (name == "truncate-ip")
        {
            read.Allow("v4", "v6");
            plan = plan with { TruncateIp = new AddressBits(read.Whole("v4", 24, 0, 32), read.Whole("v6", 48, 0, 128)) };
        }
        else
        {
            read.Allow();
            plan = plan with { Hosts = HostNames.Truncate };
        }

        return read.Problems;
    }

    private static IReadOnlyList<OperatorProblem> AddToFields(
        string name, string field, IReadOnlyDictionary<string, string> parameters, OperatorKeys keys, ref StreamPlan plan)
    {
        var made = ForField(name, field, parameters, keys);
        if (name == "shift-date")
        {
            return [.. made.Problems, new(
                "operator-not-for-logs", "Operator 'shift-date' does not work on logs: run twice, it shifts twice.", "Use truncate-date.")];
        }

        if (plan.Format is LineFormat.Combined
            && (made.Operator?.Names ?? [field]).FirstOrDefault(one => !CombinedFields.Names.Contains(one)) is { } unknown)
        {
            var known = string.Join(", ", CombinedFields.Names);
            return [.. made.Problems, new("field-unknown", $"A combined log has no field '{unknown}'.", $"Use one of {known}.")];
        }

        if (made.Operator is { } @operator && made.Problems.Count == 0)
        {
            plan = plan with { Fields = [.. plan.Fields, @operator] };
        }

        return made.Problems;
    }

    private static IFieldOperator Make(string name, string field, ParameterReader read, OperatorKeys keys)
    {
        switch (name)
        {
            case "coarsen-location":
                var area = read.Number("min-area-km2", 1.0, above: 0.999);
                return new LocationGrid(field, read.Text("longitude-field") ?? "", area);
            case "email-domain":
                return new OneField(field, FieldFunctions.EmailDomain) { Plain = PlainFunctions.EmailDomain };
            case "generalise-postcode":
                var keep = read.Whole("keep", 3, 1, 10);
                return new OneField(field, value => FieldFunctions.Postcode(value, keep)) { Plain = PlainFunctions.Postcode(keep) };
            case "hmac":
                var pseudonyms = read.Key();
                return new OneField(field, value => KeyedFunctions.Hmac(value, pseudonyms, keys));
            case "mask":
                var (first, last) = (read.Whole("keep-first", 0, 0, 1000), read.Whole("keep-last", 0, 0, 1000));
                var mask = read.Letter("char", '*');
                return new OneField(field, value => FieldFunctions.Mask(value, first, last, mask)) { Plain = PlainFunctions.Mask(first, last, mask) };
            case "null":
                return new OneField(field, _ => null) { TakesWhole = true, Plain = PlainFunctions.Null };
            case "remove":
                return new Removal(field);
            case "replace":
                var with = read.Text("with");
                return new OneField(field, _ => with) { TakesWhole = true, Plain = PlainFunctions.Replace(with) };
            case "round-number":
                var to = read.Whole("to", null, 1, int.MaxValue);
                return new OneField(field, value => FieldFunctions.RoundNumber(value, to)) { Plain = PlainFunctions.RoundNumber(to) };
            case "scrub-text":
                return new OneField(field, new TextScrub(read.Kinds(), read.Region()).Change);
            case "shift-date":
                var shifts = read.Key();
                return new DateShift(field, read.Text("subject-field") ?? "", read.Whole("max-days", 50, 1, 366), () => keys.Get(shifts));
            case "strip-query":
                var kept = read.Words("keep").ToFrozenSet(StringComparer.Ordinal);
                return new OneField(field, value => FieldFunctions.StripQuery(value, kept)) { Plain = PlainFunctions.StripQuery(kept.Count) };
            case "truncate-date":
                var unit = read.OneOf("to", "year", "month", "day", "hour");
                return new OneField(field, value => FieldFunctions.TruncateDate(value, unit)) { Plain = PlainFunctions.TruncateDate(unit) };
            case "truncate-host":
                var labels = read.Whole("keep-labels", 2, 1, 10);
                return new OneField(field, value => FieldFunctions.TruncateHost(value, labels)) { Plain = PlainFunctions.TruncateHost(labels) };
            default:
                var addresses = new AddressText(new AddressBits(read.Whole("v4", 24, 0, 32), read.Whole("v6", 48, 0, 128)));
                return new OneField(field, value => FieldFunctions.TruncateIp(value, addresses)) { Plain = PlainFunctions.TruncateIp(addresses) };
        }
    }

    private static OperatorResult Fail(OperatorProblem problem) => new(null, [problem]);
}
