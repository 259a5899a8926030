using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Holds;

/// <summary>What a legal hold covers.</summary>
public abstract record HoldScope
{
    private HoldScope()
    {
    }

    /// <summary>The pseudonyms that it covers, under the key of every live epoch; none where it names a dataset, which is nobody.</summary>
    public async Task<IReadOnlyList<HoldNames>> NameAsync(Pseudonyms pseudonyms, CancellationToken cancel)
    {
        var found = new List<HoldNames>();
        foreach (var epoch in this is OfDataset ? [] : await pseudonyms.LiveEpochsAsync(cancel))
        {
            if (await NameAsync(pseudonyms, epoch, cancel) is { } names)
            {
                found.Add(names);
            }
        }

        return found;
    }

    /// <summary>What stands once it is released: which kind of thing it covered, and no person or record any more.</summary>
    internal HoldScope WithoutNames() => this switch
    {
        OfSubject => new OfSubject([]),
        OfRecord record => new OfRecord(record.Dataset, new RecordKey("", "")),
        _ => this,
    };

    /// <summary>Whether it says whom or which record it is about.</summary>
    internal bool HasNames => this switch
    {
        OfSubject subject => subject.Identifiers.Count > 0,
        OfRecord record => record.Key != new RecordKey("", ""),
        _ => false,
    };

    /// <summary>The pseudonyms that it covers under an epoch's key; null where it names a dataset, which is nobody.</summary>
    public async Task<HoldNames?> NameAsync(Pseudonyms pseudonyms, int epoch, CancellationToken cancel)
    {
        switch (this)
        {
            case OfRecord record:
                return new HoldNames(epoch, [], await pseudonyms.OfRecordAsync(epoch, record.Dataset, record.Key.Canonical, cancel));
            case OfSubject subject:
                var names = new List<string>();
                foreach (var identifier in subject.Identifiers)
                {
                    names.Add(await pseudonyms.OfSubjectAsync(epoch, identifier.Kind, identifier.Value, cancel));
                }

                return new HoldNames(epoch, names, null);
            default:
                return null;
        }
    }

    /// <summary>Every record of a dataset.</summary>
    public sealed record OfDataset(string Dataset) : HoldScope;

    /// <summary>Every record that names a person by one of these identifiers, in every dataset.</summary>
    public sealed record OfSubject(IReadOnlyList<SubjectIdentifier> Identifiers) : HoldScope
    {
        /// <summary>Hides the identifiers.</summary>
        public override string ToString() => "OfSubject(…)";
    }

    /// <summary>One record.</summary>
    public sealed record OfRecord(string Dataset, RecordKey Key) : HoldScope
    {
        /// <summary>Hides the key.</summary>
        public override string ToString() => $"OfRecord({Dataset}, …)";
    }
}

/// <summary>Whom and what a hold covers, by pseudonym.</summary>
/// <param name="Epoch">Epoch of the pseudonyms.</param>
/// <param name="Subjects">One per identifier; empty where a record is held.</param>
/// <param name="Record">The record; null where a subject is held.</param>
public sealed record HoldNames(int Epoch, IReadOnlyList<string> Subjects, string? Record);

/// <summary>Where a hold stands.</summary>
public enum HoldState
{
    /// <summary>In force; acts that began before it may still be under way.</summary>
    Pending,

    /// <summary>In force, and no act older than it is under way: the log says so.</summary>
    Effective,

    /// <summary>Its release is in the log and not yet in the table.</summary>
    Releasing,

    /// <summary>Taken back.</summary>
    Released,
}

/// <summary>A legal hold.</summary>
/// <param name="Id">Derived from the name that the person who placed it gave it.</param>
/// <param name="Name">A matter number; never a person's name.</param>
/// <param name="Scope">What it covers.</param>
/// <param name="Reason">Coded: litigation, investigation, audit, regulator.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Version">Version of the table that it was placed with.</param>
/// <param name="PlacedAt">When.</param>
public sealed record Hold(
    Guid Id, string Name, HoldScope Scope, string Reason, HoldState State, long Version, DateTimeOffset PlacedAt)
{
    /// <summary>What it waits for, and which operations that began before it had touched what it covers.</summary>
    public IReadOnlyList<string> Progress { get; init; } = [];

    /// <summary>
    /// Of a released one: whom it covered, under the epochs that were live then. One in force keeps the identifiers, so that
    /// it finds its persons under every epoch, whichever begin or are destroyed.
    /// </summary>
    public IReadOnlyList<HoldNames> Names { get; init; } = [];

    /// <summary>Whether it stops acts.</summary>
    public bool InForce => State is not HoldState.Released;
}

/// <summary>All holds in force, as one reading of the table.</summary>
public sealed class HoldSet
{
    private readonly Dictionary<string, Guid> datasets = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Dataset, RecordKey Key), Guid> records = [];
    private readonly Dictionary<SubjectIdentifier, Guid> subjects = [];

    /// <summary>Indexes the holds that are in force.</summary>
    public HoldSet(long version, IEnumerable<Hold> holds)
    {
        Version = version;
        foreach (var hold in holds.Where(hold => hold.InForce))
        {
            switch (hold.Scope)
            {
                case HoldScope.OfDataset scope:
                    datasets.TryAdd(scope.Dataset, hold.Id);
                    break;
                case HoldScope.OfRecord scope:
                    records.TryAdd((scope.Dataset, scope.Key), hold.Id);
                    break;
                case HoldScope.OfSubject scope:
                    foreach (var identifier in scope.Identifiers)
                    {
                        subjects.TryAdd(identifier, hold.Id);
                    }

                    break;
                default:
                    throw new InvalidOperationException("A hold scope that nobody enforces.");
            }
        }
    }

    /// <summary>Of the table at the reading; raised by each hold placed or released.</summary>
    public long Version { get; }

    /// <summary>The identifiers of all subject holds: what a log's content is searched for.</summary>
    public IReadOnlyCollection<SubjectIdentifier> Identifiers => subjects.Keys;

    /// <summary>The hold that covers the record, or null.</summary>
    public Guid? Match(string dataset, RecordKey key, IReadOnlyList<SubjectIdentifier> named)
    {
        if (datasets.TryGetValue(dataset, out var hold) || records.TryGetValue((dataset, key), out hold))
        {
            return hold;
        }

        foreach (var identifier in named)
        {
            if (subjects.TryGetValue(identifier, out hold))
            {
                return hold;
            }
        }

        return null;
    }
}
