namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>What an answer was for.</summary>
public enum CosmosOperation
{
    /// <summary>Containers, partitions, the account.</summary>
    Metadata,

    /// <summary>Pages of a scan.</summary>
    Scan,

    /// <summary>One record, before an act or for a decision.</summary>
    Read,

    /// <summary>Deletes, those included that found the record gone or moved.</summary>
    Delete,

    /// <summary>Replacements, likewise.</summary>
    Rewrite,

    /// <summary>Observing records after an act.</summary>
    ReadBack,
}

/// <summary>
/// Adds up the request units that the service said each try cost, by container and kind of operation. Safe for concurrent
/// use.
/// </summary>
public sealed class RequestUnits
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Container, CosmosOperation Operation), double> units = [];

    /// <summary>All so far.</summary>
    public double Total
    {
        get
        {
            lock (gate)
            {
                return units.Values.Sum();
            }
        }
    }

    /// <summary>Request units of one kind of operation so far.</summary>
    public double Of(CosmosOperation operation)
    {
        lock (gate)
        {
            return units.Where(pair => pair.Key.Operation == operation).Sum(pair => pair.Value);
        }
    }

    /// <summary>Request units of one kind of operation in one container, <c>database/container</c>, so far.</summary>
    public double Of(string container, CosmosOperation operation)
    {
        lock (gate)
        {
            return units.GetValueOrDefault((container, operation));
        }
    }

    internal void Add(string container, CosmosOperation operation, double charge)
    {
        lock (gate)
        {
            units[(container, operation)] = units.GetValueOrDefault((container, operation)) + charge;
        }
    }
}
