namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Reads the parameters of one operator and collects what is wrong with them.</summary>
internal sealed class ParameterReader(string name, IReadOnlyDictionary<string, string> parameters)
{
    private static readonly IReadOnlyDictionary<string, ScrubKinds> KindNames = new SortedDictionary<string, ScrubKinds>(StringComparer.Ordinal)
    {
        ["card"] = ScrubKinds.Card,
        ["email"] = ScrubKinds.Email,
        ["imei"] = ScrubKinds.Imei,
        ["ip"] = ScrubKinds.Ip,
        ["mac"] = ScrubKinds.Mac,
        ["phone"] = ScrubKinds.Phone,
    };

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

    /// <summary>Words between blanks; none if it is not given.</summary>
    public IReadOnlyList<string> Words(string parameter) =>
        parameters.TryGetValue(parameter, out var text) ? text.Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];

    /// <summary>The key's name, and its epoch, which is 1 until another is given.</summary>
    public KeyUse Key()
    {
        var key = Text("key") ?? "";
        if (parameters.ContainsKey("key") && !KeyUse.IsName(key))
        {
            Add("parameter-invalid", $"Parameter 'key' of operator '{name}' is no name of a key.", "Use letters, digits and '-', at most 60. The key itself never stands in a policy.");
        }

        return new KeyUse(key, Whole("epoch", 1, 1, KeyUse.MostEpochs));
    }

    /// <summary>What to look for in text; all of it if it is not given.</summary>
    public ScrubKinds Kinds()
    {
        var kinds = ScrubKinds.None;
        foreach (var word in Words("kinds"))
        {
            if (KindNames.TryGetValue(word, out var kind))
            {
                kinds |= kind;
            }
            else
            {
                Add("parameter-invalid", $"'{word}' of operator '{name}' is nothing that it looks for.", $"Use some of {string.Join(", ", KindNames.Keys)}.");
            }
        }

        return kinds is ScrubKinds.None ? KindNames.Values.Aggregate((all, one) => all | one) : kinds;
    }

    /// <summary>A region of telephone numbers, or null.</summary>
    public string? Region()
    {
        if (parameters.GetValueOrDefault("region") is not { } region)
        {
            return null;
        }

        if (region.Length != 2 || !region.All(char.IsAsciiLetterUpper))
        {
            Add("parameter-invalid", $"Parameter 'region' of operator '{name}' is no region.", "Write two capital letters of ISO 3166-1: US, DE.");
        }

        return region;
    }

    private T Missing<T>(string parameter, string what, T value)
    {
        Add("parameter-missing", $"Operator '{name}' needs the parameter '{parameter}'.", $"Give {what}.");
        return value;
    }
}
