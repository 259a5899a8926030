using System.Text.Json;
using System.Text.RegularExpressions;

namespace RetentionPipeline.Core.Policies;

/// <summary>One version of a company's policy: what is kept where, for how long, and what happens then.</summary>
/// <param name="Hash">SHA-256 of the document's bytes, lowercase hex: its version, named by every action.</param>
/// <param name="Name">Name of the policy.</param>
/// <param name="EffectiveFrom">What the document says; the log may say later (never earlier).</param>
/// <param name="Stores">By name.</param>
/// <param name="Datasets">By name.</param>
/// <param name="Rules">In document order: the rules of one dataset are its stages, in this order.</param>
public sealed record Policy(
    string Hash, string Name, DateTimeOffset EffectiveFrom, IReadOnlyDictionary<string, StorePolicy> Stores,
    IReadOnlyDictionary<string, Dataset> Datasets, IReadOnlyList<Rule> Rules)
{
    /// <summary>Systems that may hand in requests, by name.</summary>
    public IReadOnlyDictionary<string, RequestSource> Sources { get; init; } = new Dictionary<string, RequestSource>();

    /// <summary>The rule of that name; null if this version has none.</summary>
    public Rule? FindRule(string name) => Rules.FirstOrDefault(rule => rule.Name == name);

    /// <summary>
    /// The rule of that name; <see cref="Rule.Request"/> is the one that a request's task on the dataset runs under.
    /// </summary>
    public Rule? FindRule(string name, string dataset) =>
        name == Rule.Request ? Rule.OfRequest(Datasets[dataset]) : FindRule(name);

    /// <summary>The rules of a dataset, by stage.</summary>
    public IEnumerable<Rule> RulesOf(string dataset) => Rules.Where(rule => rule.Dataset == dataset);
}

/// <summary>Kinds of store that an adapter exists for.</summary>
public enum StoreKind
{
    /// <summary>Azure Table storage.</summary>
    Table,

    /// <summary>Azure Blob storage.</summary>
    Blob,

    /// <summary>Azure Cosmos DB for NoSQL.</summary>
    Cosmos,
}

/// <summary>A named store.</summary>
/// <param name="Name">Its name; where it is stands in the deployment's settings, never in the policy.</param>
/// <param name="Kind">Which adapter.</param>
/// <param name="Region">Azure region, for outcomes and the Art. 30 register; empty if not given.</param>
/// <param name="RequestsPerSecond">
/// Budget of all instances together, an absolute number: a data-plane identity cannot read an account's throughput. Request
/// units a second where the kind is <see cref="StoreKind.Cosmos"/>.
/// </param>
/// <param name="Residuals">Copies that the store's settings do not tell: backups named in the policy.</param>
public sealed record StorePolicy(
    string Name, StoreKind Kind, string Region, int RequestsPerSecond, IReadOnlyList<DeclaredResidual> Residuals);

/// <summary>A backup or copy that the policy discloses.</summary>
public sealed record DeclaredResidual(string Kind, RetentionPeriod Window);

/// <summary>One kind of record in one store.</summary>
public sealed record Dataset
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Name of its store.</summary>
    public required string Store { get; init; }

    /// <summary>Table, blob container, or <c>database/container</c> of Cosmos DB.</summary>
    public required string Container { get; init; }

    /// <summary>Blob name prefix; empty for all, and for other stores.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Regular expression with groups y, m, d (and h) that finds the date in a blob's name.</summary>
    public string? NameDate { get; init; }

    /// <summary>One of <see cref="Categories.All"/>.</summary>
    public required string Category { get; init; }

    /// <summary>Names of purposes of the policy.</summary>
    public required IReadOnlyList<string> Purposes { get; init; }

    /// <summary>Where the data comes from (Art. 14(2)(f), Civ. Code §1798.110(c)(2)).</summary>
    public IReadOnlyList<string> CollectedFrom { get; init; } = [];

    /// <summary>Who receives it (Art. 30(1)(d)).</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Whose data it is in law; the company itself, or a business customer.</summary>
    public required string Controller { get; init; }

    /// <summary>Where a record names the persons that it is about. Empty for logs, which are searched instead.</summary>
    public IReadOnlyList<SubjectPath> Subjects { get; init; } = [];

    /// <summary>By name.</summary>
    public required IReadOnlyDictionary<string, Clock> Clocks { get; init; }

    /// <summary>Periods that the law demands; each keeps a record whatever a rule says.</summary>
    public IReadOnlyList<KeepAtLeast> KeepAtLeast { get; init; } = [];

    /// <summary>Conditions under which a record is kept by a coded exception.</summary>
    public IReadOnlyList<RetentionException> Exceptions { get; init; } = [];

    /// <summary>Fields that together may single a person out.</summary>
    public IReadOnlyList<string> QuasiIdentifiers { get; init; } = [];

    /// <summary>Field or metadata name that holds the stage of a rewritten record.</summary>
    public string StageField { get; init; } = "RetentionStage";

    /// <summary>How a blob's content is read; null where blobs are only deleted whole.</summary>
    public ContentFormat? Format { get; init; }

    /// <summary>
    /// How long a log collects requests until one pass drops the lines of all of them; whole days. Null: a week.
    /// </summary>
    public RetentionPeriod? RequestWindow { get; init; }

    /// <summary>A log whose lines name the persons: a request searches it, one pass for all requests of a window.</summary>
    public bool IsSearched => Subjects.Count == 0 && Format is not null;

    /// <summary>What the adapter may do beyond the plain act.</summary>
    public ContentOptions Options { get; init; } = new();
}

/// <summary>What may be done to blobs of a dataset.</summary>
/// <param name="RemoveSnapshots">Snapshots go with the blob.</param>
/// <param name="MaxExpandedBytes">A gzip blob that expands beyond this fails; default 100 GB.</param>
public sealed record ContentOptions(bool RemoveSnapshots = false, long MaxExpandedBytes = 100_000_000_000)
{
    /// <summary>A block blob takes the place of an append blob that is rewritten, once it is closed.</summary>
    public bool ConvertClosedAppendBlobs { get; init; }
}

/// <summary>Formats of log content.</summary>
public enum ContentFormat
{
    /// <summary>Lines of text: access logs, syslog.</summary>
    Text,

    /// <summary>Common or Combined Log Format.</summary>
    Combined,

    /// <summary>One JSON value a line.</summary>
    Ndjson,

    /// <summary>RFC 4180.</summary>
    Csv,

    /// <summary>W3C extended log format.</summary>
    W3c,
}

/// <summary>Where a record names a person.</summary>
/// <param name="Path">A field; PartitionKey and RowKey of a table included.</param>
/// <param name="Kind">Kind of identifier: customer-id, email, phone, device-id, cookie-id …</param>
public sealed record SubjectPath(string Path, string Kind);

/// <summary>The start points of DIN 66398 / ISO/IEC 27555.</summary>
public enum ClockKind
{
    /// <summary>Written or created.</summary>
    Collection,

    /// <summary>Last activity of the person.</summary>
    LastActivity,

    /// <summary>Order shipped, ticket closed.</summary>
    EndOfProcess,

    /// <summary>Account closed.</summary>
    EndOfRelationship,

    /// <summary>A named signal.</summary>
    Event,
}

/// <summary>What a clock's field holds. Anything else in it makes the record undated.</summary>
public enum ClockFormat
{
    /// <summary>A native instant, or ISO 8601 text with an offset or Z. Local time without one is undated.</summary>
    Instant,

    /// <summary>ISO 8601 date text; midnight UTC.</summary>
    Date,

    /// <summary>Whole seconds since 1970-01-01T00:00:00Z as an integer.</summary>
    UnixSeconds,

    /// <summary>Whole milliseconds since 1970-01-01T00:00:00Z as an integer.</summary>
    UnixMilliseconds,
}

/// <summary>When a period starts.</summary>
/// <param name="Name">Its name in the dataset.</param>
/// <param name="Kind">What it means.</param>
/// <param name="Field">The field, or that of the linked record.</param>
/// <param name="Format">What the field holds.</param>
/// <param name="OpenWhileMissing">
/// A missing or null value means "not ended yet" (an order not yet shipped), not "undated". Only for clocks that end
/// something.
/// </param>
/// <param name="Link">Null if the field is the record's own.</param>
public sealed record Clock(
    string Name, ClockKind Kind, string Field, ClockFormat Format, bool OpenWhileMissing, ClockLink? Link);

/// <summary>Another dataset's record that holds the clock.</summary>
/// <param name="Dataset">Its dataset.</param>
/// <param name="Partition">
/// Template of its partition; <c>{Field}</c> is replaced by the record's field. For Cosmos DB a JSON array of the key's
/// levels, as in <c>["{customerId}"]</c>.
/// </param>
/// <param name="Id">Template of its id.</param>
public sealed partial record ClockLink(string Dataset, string Partition, string Id)
{
    /// <summary>Is the partition, once filled, a JSON array of texts, numbers and the like?</summary>
    internal bool HasKeyLevels
    {
        get
        {
            try
            {
                using var levels = JsonDocument.Parse(Placeholder().Replace(Partition, "0"));
                return levels.RootElement.ValueKind is JsonValueKind.Array && levels.RootElement.GetArrayLength() > 0
                    && levels.RootElement.EnumerateArray().All(level => level.ValueKind is not JsonValueKind.Array);
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    /// <summary>The places of fields in a template.</summary>
    [GeneratedRegex(@"\{([^{}]+)\}", RegexOptions.CultureInvariant)]
    internal static partial Regex Placeholder();
}

/// <summary>A period that the law demands.</summary>
/// <param name="Name">Its name; stands in outcomes.</param>
/// <param name="Clock">Which clock of the dataset it counts from.</param>
/// <param name="Period">How long at least.</param>
/// <param name="Citation">The law.</param>
public sealed record KeepAtLeast(string Name, string Clock, RetentionPeriod Period, string Citation);

/// <summary>A record whose field has that value is kept under the coded exception.</summary>
/// <param name="Code">Civ. Code §1798.105(d)(1)–(8) as ccpa-d1…ccpa-d8, GDPR Art. 17(3)(a)–(e) as gdpr-17-3-a…e.</param>
/// <param name="Field">A field of the record.</param>
/// <param name="Value">The value, compared as invariant text.</param>
public sealed record RetentionException(string Code, string Field, string Value);
