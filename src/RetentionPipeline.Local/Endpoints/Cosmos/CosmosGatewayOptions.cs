namespace RetentionPipeline.Local.Endpoints.Cosmos;

/// <summary>How a local gateway runs.</summary>
/// <param name="File">The SQLite file that keeps everything; null keeps it in memory.</param>
/// <param name="Port">On loopback; 0 takes a free one.</param>
/// <param name="Partitions">
/// Physical partitions of a new container; more if it is made with more throughput than 10,000 RU/s for each.
/// </param>
/// <param name="Time">What expiry and timestamps go by.</param>
public sealed record CosmosGatewayOptions(string? File, int Port, int Partitions, TimeProvider Time)
{
    /// <summary>In memory, on a free port, one partition.</summary>
    public static CosmosGatewayOptions Default => new(null, 0, 1, TimeProvider.System);
}
