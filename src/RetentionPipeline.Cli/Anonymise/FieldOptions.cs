using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary>Reads <c>--field NAME:OPERATOR[,PARAMETER=VALUE]...</c>.</summary>
internal static class FieldOptions
{
    /// <summary>Adds the operators to the plan, or says what is wrong.</summary>
    public static string? Add(ref FilterArguments asked)
    {
        var plan = asked.Plan;
        foreach (var option in asked.Fields)
        {
            var colon = option.LastIndexOf(':', option.Contains(',') ? option.IndexOf(',') : option.Length - 1);
            var parts = option[(colon + 1)..].Split(',');
            var parameters = parts[1..].Select(part => part.Split('=', 2)).ToList();
            if (colon <= 0 || parameters.Exists(pair => pair.Length < 2))
            {
                return $"'{option}' is not NAME:OPERATOR[,PARAMETER=VALUE].";
            }

            var given = parameters.ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            var (keys, refusal) = FilterKeys.Read(
                asked.KeysFolder, OperatorCatalogue.KeyOf(parts[0], given) is { } key ? [key] : []);
            if (refusal is not null)
            {
                return refusal;
            }

            var problems = OperatorCatalogue.AddToStream(parts[0], option[..colon], given, keys, ref plan);
            if (problems.Count > 0)
            {
                return string.Join(' ', problems.Select(problem => $"{problem.Message} {problem.Remedy}"));
            }
        }

        asked = asked with { Plan = plan };
        return null;
    }
}
