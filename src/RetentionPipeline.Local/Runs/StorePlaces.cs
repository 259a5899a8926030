using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Local.Runs;

/// <summary>Where a run's records are.</summary>
/// <param name="Storage">Storage account: connection string or URL.</param>
/// <param name="Cosmos">Cosmos DB account, likewise; null where the policy names none.</param>
public sealed record StorePlaces(string Storage, string? Cosmos)
{
    /// <summary>The account for a kind of store. Throws if there is none.</summary>
    public string Of(StoreKind kind) => kind is StoreKind.Cosmos
        ? Cosmos ?? throw new InvalidOperationException("This run has no Cosmos DB account.")
        : Storage;
}
