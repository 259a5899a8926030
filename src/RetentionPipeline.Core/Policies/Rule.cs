namespace RetentionPipeline.Core.Policies;

/// <summary>Dataset, clock, period, action and mode.</summary>
public sealed record Rule
{
    /// <summary>Name of the rule that every request's task runs under; no policy declares one of that name.</summary>
    public const string Request = "request";

    /// <summary>
    /// A request's task: no clock, no period, no cap. A log that is searched loses lines, which is no stage of its own;
    /// any other record goes.
    /// </summary>
    public static Rule OfRequest(Dataset dataset) => new()
    {
        Name = Request,
        Dataset = dataset.Name,
        Stage = 0,
        Clock = "",
        Periods = [],
        Action = dataset.IsSearched ? RuleAction.Anonymise : RuleAction.Delete,
        Mode = RuleMode.Enforce,
        Cap = new ScanCap(long.MaxValue, 100),
        Schedule = "",
    };

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its dataset.</summary>
    public required string Dataset { get; init; }

    /// <summary>1-based place among the rules of its dataset.</summary>
    public required int Stage { get; init; }

    /// <summary>Name of its clock.</summary>
    public required string Clock { get; init; }

    /// <summary>Asked where the first clock leaves a record undated; null if the rule names none.</summary>
    public string? FallbackClock { get; init; }

    /// <summary>A period per purpose, at least one: the record stays until the last one ends.</summary>
    public required IReadOnlyList<PurposePeriod> Periods { get; init; }

    /// <summary>What happens to a due record.</summary>
    public required RuleAction Action { get; init; }

    /// <summary>For <see cref="RuleAction.Anonymise"/>, in order.</summary>
    public IReadOnlyList<OperatorUse> Operators { get; init; } = [];

    /// <summary>Whether it acts.</summary>
    public required RuleMode Mode { get; init; }

    /// <summary>For <see cref="RuleMode.Ramp"/>.</summary>
    public Ramp? Ramp { get; init; }

    /// <summary>Above it the scan parks before the first change.</summary>
    public required ScanCap Cap { get; init; }

    /// <summary>More undated records than this and the scan shows as failed.</summary>
    public int MaxUndated { get; init; }

    /// <summary>NCrontab with six fields, UTC.</summary>
    public required string Schedule { get; init; }
}

/// <summary>What a rule does.</summary>
public enum RuleAction
{
    /// <summary>The record goes.</summary>
    Delete,

    /// <summary>Operators are applied.</summary>
    Anonymise,
}

/// <summary>Whether a rule acts.</summary>
public enum RuleMode
{
    /// <summary>Counts only; where new and shortened rules begin.</summary>
    Report,

    /// <summary>A growing share of the due records, to work off a backlog.</summary>
    Ramp,

    /// <summary>All due records.</summary>
    Enforce,
}

/// <summary>So many hundredths of a per cent more each day, the first day being 1.</summary>
public sealed record Ramp(DateOnly From, int HundredthsOfPercentPerDay);

/// <summary>The most records that one scan may act on.</summary>
/// <param name="Count">Absolute.</param>
/// <param name="Percent">Of the records examined, 1–100.</param>
public sealed record ScanCap(long Count, int Percent);

/// <summary>A period and the purpose that it serves.</summary>
public sealed record PurposePeriod(string Purpose, RetentionPeriod Period);

/// <summary>An operator as the policy uses it.</summary>
/// <param name="Field">A field, path or column; null for operators over whole text.</param>
/// <param name="Operator">One of the names of the anonymisation room.</param>
/// <param name="Parameters">As written.</param>
public sealed record OperatorUse(string? Field, string Operator, IReadOnlyDictionary<string, string> Parameters);
