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
        ["mask"] = ["char", "keep-first", "keep-last"],
        ["null"] = [],
        ["remove"] = [],
        ["replace"] = ["with"],
        ["round-number"] = ["to"],
        ["strip-query"] = [],
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

    /// <summary>Makes an operator over a field; all problems at once.</summary>
    public static OperatorResult ForField(
        string name, string? field, IReadOnlyDictionary<string, string> parameters)
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

        var made = Make(name, field ?? "", read);
        return read.Problems.Count > 0 ? new OperatorResult(null, read.Problems) : new OperatorResult(made, []);
    }

    /// <summary>Adds an operator over text to a plan; problems are returned.</summary>
    public static IReadOnlyList<OperatorProblem> AddToStream(
        string name, string? field, IReadOnlyDictionary<string, string> parameters, ref StreamPlan plan)
    {
        if (field is not null && plan.Format is not LineFormat.Text)
        {
            return AddToFields(name, field, parameters, ref plan);
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
        string name, string field, IReadOnlyDictionary<string, string> parameters, ref StreamPlan plan)
    {
        var made = ForField(name, field, parameters);
        string[] names = parameters.TryGetValue("longitude-field", out var longitude) ? [field, longitude] : [field];
        if (plan.Format is LineFormat.Combined && names.FirstOrDefault(one => !CombinedFields.Names.Contains(one)) is { } unknown)
        {
            var known = string.Join(", ", CombinedFields.Names);
            return [.. made.Problems, new("field-unknown", $"A combined log has no field '{unknown}'.", $"Use one of {known}.")];
        }

        if (made.Operator is { } @operator && made.Problems.Count == 0)
        {
            plan = plan with { Fields = [.. plan.Fields, new FieldUse(names, @operator)] };
        }

        return made.Problems;
    }

    private static IFieldOperator Make(string name, string field, ParameterReader read)
    {
        switch (name)
        {
            case "coarsen-location":
                var area = read.Number("min-area-km2", 1.0, above: 0.999);
                return new LocationGrid(field, read.Text("longitude-field") ?? "", area);
            case "email-domain":
                return new OneField(field, FieldFunctions.EmailDomain);
            case "generalise-postcode":
                var keep = read.Whole("keep", 3, 1, 10);
                return new OneField(field, value => FieldFunctions.Postcode(value, keep));
            case "mask":
                var (first, last) = (read.Whole("keep-first", 0, 0, 1000), read.Whole("keep-last", 0, 0, 1000));
                var mask = read.Letter("char", '*');
                return new OneField(field, value => FieldFunctions.Mask(value, first, last, mask));
            case "null":
                return new OneField(field, _ => null);
            case "remove":
                return new Removal(field);
            case "replace":
                var with = read.Text("with");
                return new OneField(field, _ => with);
            case "round-number":
                var to = read.Whole("to", null, 1, int.MaxValue);
                return new OneField(field, value => FieldFunctions.RoundNumber(value, to));
            case "strip-query":
                return new OneField(field, FieldFunctions.StripQuery);
            case "truncate-date":
                var unit = read.OneOf("to", "year", "month", "day", "hour");
                return new OneField(field, value => FieldFunctions.TruncateDate(value, unit));
            case "truncate-host":
                var labels = read.Whole("keep-labels", 2, 1, 10);
                return new OneField(field, value => FieldFunctions.TruncateHost(value, labels));
            default:
                var bits = new AddressBits(read.Whole("v4", 24, 0, 32), read.Whole("v6", 48, 0, 128));
                return new OneField(field, value => FieldFunctions.TruncateIp(value, bits));
        }
    }

    private static OperatorResult Fail(OperatorProblem problem) => new(null, [problem]);

    private sealed class Removal(string field) : IFieldOperator
    {
        public IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields) =>
            fields.ContainsKey(field) ? [new(field, DroppedField.Value)] : [];
    }
}

/// <summary>Reads the parameters of one operator and collects what is wrong with them.</summary>
internal sealed class ParameterReader(string name, IReadOnlyDictionary<string, string> parameters)
{
    public List<OperatorProblem> Problems { get; } = [];

    public void Add(string code, string message, string remedy) => Problems.Add(new(code, message, remedy));

    public void Allow(params ReadOnlySpan<string> allowed)
    {
        foreach (var given in parameters.Keys)
        {
            if (!allowed.Contains(given))
            {
                var known = allowed.Length == 0 ? "It takes none." : $"It takes {string.Join(", ", allowed!)}.";
                Add("parameter-unknown", $"Operator '{name}' has no parameter '{given}'.", known);
            }
        }
    }

    public int Whole(string parameter, int? fallback, int least, int most)
    {
        if (!parameters.TryGetValue(parameter, out var text))
        {
            return fallback ?? Missing(parameter, $"a whole number from {least} to {most}", least);
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        Add("parameter-invalid", $"Parameter '{parameter}' of operator '{name}' is no such number.", $"Give a whole number from {least} to {most}.");
        return least;
    }

    public double Number(string parameter, double fallback, double above)
    {
        if (!parameters.TryGetValue(parameter, out var text))
        {
            return fallback;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value > above && value < 1e8)
        {
            return value;
        }

        Add(
            "parameter-invalid", $"Parameter '{parameter}' of operator '{name}' must be a number above {above.ToString(CultureInfo.InvariantCulture)}.",
            "A smaller cell is a precise location by Civ. Code §1798.140(w). Give 1.0 or more.");
        return fallback;
    }

    public string? Text(string parameter) =>
        parameters.TryGetValue(parameter, out var text) ? text : Missing<string?>(parameter, "a text", null);

    public char Letter(string parameter, char fallback)
    {
        if (!parameters.TryGetValue(parameter, out var text))
        {
            return fallback;
        }

        if (text.Length == 1)
        {
            return text[0];
        }

        Add("parameter-invalid", $"Parameter '{parameter}' of operator '{name}' is not one character.", "Give one character.");
        return fallback;
    }

    public string OneOf(string parameter, params ReadOnlySpan<string> values)
    {
        if (parameters.TryGetValue(parameter, out var text) && values.Contains(text))
        {
            return text;
        }

        Add(
            "parameter-invalid", $"Parameter '{parameter}' of operator '{name}' is missing or unknown.",
            $"Give one of {string.Join(", ", values!)}.");
        return values[0];
    }

    private T Missing<T>(string parameter, string what, T value)
    {
        Add("parameter-missing", $"Operator '{name}' needs the parameter '{parameter}'.", $"Give {what}.");
        return value;
    }
}
