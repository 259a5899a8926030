using System.Globalization;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>A database.</summary>
internal sealed record DatabaseEntry(long Seq, string Id, long Ts)
{
    public string Rid => ResourceIds.OfDatabase(Seq);

    public string Self => $"dbs/{Rid}/";
}

/// <summary>A container with the partitions that it has now, in the order of their keys.</summary>
internal sealed record ContainerEntry(
    long Seq, DatabaseEntry Database, string Id, ContainerSettings Settings, IReadOnlyList<KeyRange> Ranges, long Ts)
{
    public string Rid => ResourceIds.OfContainer(Database.Seq, Seq);

    public string Self => $"{Database.Self}colls/{Rid}/";

    /// <summary>Moves when the settings do.</summary>
    public required string Etag { get; init; }

    /// <summary>Moves when a partition is split.</summary>
    public string RangesEtag => $"\"{Ranges.Max(range => range.Id)}\"";

    public KeyRange RangeOf(string effective) => Ranges.First(range => range.Contains(effective));

    /// <summary>The partition that a client named; refuses if it was split or never was.</summary>
    public KeyRange RangeById(string id) =>
        Ranges.FirstOrDefault(range => range.Id.ToString(CultureInfo.InvariantCulture) == id) ?? throw GatewayException.Gone();
}
