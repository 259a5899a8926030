namespace RetentionPipeline.Core.Policies;

/// <summary>Something in a policy document that an author must change, or should look at.</summary>
/// <param name="Severity">Errors refuse the document.</param>
/// <param name="Code">Stable, kebab-case.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
/// <param name="Message">What is wrong, with the name of the rule, dataset or store.</param>
/// <param name="Remedy">What to do next.</param>
public sealed record PolicyProblem(
    ProblemSeverity Severity, string Code, int Line, int Column, string Message, string Remedy);

/// <summary>How bad it is.</summary>
public enum ProblemSeverity
{
    /// <summary>Worth a look.</summary>
    Warning,

    /// <summary>The document is refused.</summary>
    Error,
}
