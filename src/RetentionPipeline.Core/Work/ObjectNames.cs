namespace RetentionPipeline.Core.Work;

/// <summary>Names of the pipeline's objects: computable, so that nothing depends on listing them.</summary>
public static class ObjectNames
{
    /// <summary>Below it, one segment per scan.</summary>
    public const string Scans = "scans/";

    /// <summary>Below it, one segment per operation.</summary>
    public const string Operations = "operations/";

    /// <summary>What the scan set out to do; sealed.</summary>
    public static string Plan(Guid scan) => $"{Scans}{scan:D}/plan";

    /// <summary>Attempt and release cursor of a slice.</summary>
    public static string Slice(Guid scan, int slice) => $"{Scans}{scan:D}/slices/{slice:D4}";

    /// <summary>Whether the plan may be carried out.</summary>
    public static string Verdict(Guid scan) => $"{Scans}{scan:D}/verdict";

    /// <summary>What a person said about a parked scan.</summary>
    public static string Decision(Guid scan) => $"{Scans}{scan:D}/decision";

    /// <summary>The closing leaf's bytes and the scan's figures.</summary>
    public static string Closing(Guid scan) => $"{Scans}{scan:D}/closing";

    /// <summary>Nothing of this scan is to be done any more.</summary>
    public static string Closed(Guid scan) => $"{Scans}{scan:D}/closed";

    /// <summary>The batch; sealed.</summary>
    public static string WorkOf(Guid operation) => $"{Operations}{operation:D}/work";

    /// <summary>How often the operation was sent and begun.</summary>
    public static string Attempt(Guid operation) => $"{Operations}{operation:D}/attempt";

    /// <summary>Salts and pseudonyms.</summary>
    public static string Openings(Guid operation) => $"{Operations}{operation:D}/openings";

    /// <summary>The intent leaf's exact bytes.</summary>
    public static string Intent(Guid operation) => $"{Operations}{operation:D}/intent";

    /// <summary>Outcome entries and the outcome leaf's exact bytes.</summary>
    public static string Results(Guid operation) => $"{Operations}{operation:D}/results";

    /// <summary>What was told about a request in that state: the exact bytes of its leaf and of its reply.</summary>
    public static string Answer(Guid request, string state) => $"{Requested}{request:D}/{state}";

    /// <summary>Below it, one segment per request.</summary>
    public const string Requested = "requests/";

    /// <summary>Below it, one object per request.</summary>
    public const string RequestSubjects = "request-subjects/";

    /// <summary>Salts and pseudonyms of the person that a request is about.</summary>
    public static string Subjects(Guid request) => $"{RequestSubjects}{request:D}";

    /// <summary>A stored policy text.</summary>
    public static string Policy(string hash) => $"policies/{hash}";
}
