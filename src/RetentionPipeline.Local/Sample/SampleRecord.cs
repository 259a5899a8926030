using System.Text.Encodings.Web;
using System.Text.Json;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Local.Sample;

/// <summary>A record to seed: an entity of a table, or an item of a Cosmos DB container.</summary>
/// <param name="Container">Table, or <c>database/container</c>.</param>
/// <param name="Key">As the record stores name it.</param>
/// <param name="Fields">Properties without those that name an entity; of an item all of them.</param>
public sealed record SampleRecord(string Container, RecordKey Key, IReadOnlyDictionary<string, object> Fields)
{
    /// <summary>Whether it is an item.</summary>
    public bool IsItem => Container.Contains('/', StringComparison.Ordinal);

    /// <summary>An entity.</summary>
    public static SampleRecord Entity(string table, string partition, string row, IReadOnlyDictionary<string, object> fields) =>
        new(table, new RecordKey(partition, row), fields);
}

/// <summary>A Cosmos DB container of the sample.</summary>
/// <param name="Name"><c>database/container</c>.</param>
/// <param name="Keys">Properties that make the partition key; several make a hierarchical one.</param>
/// <param name="Indexing">On or off.</param>
/// <param name="DefaultTtl">-1: items bring their own end; null: none has one.</param>
public sealed record SampleContainer(string Name, IReadOnlyList<string> Keys, SampleIndexing Indexing, int? DefaultTtl)
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An item of it.</summary>
    public SampleRecord Item(string id, Dictionary<string, object> fields)
    {
        fields["id"] = id;
        return new(Name, new RecordKey(JsonSerializer.Serialize(Keys.Select(key => fields[key]), Readable), id), fields);
    }
}

/// <summary>Whether a container has an index.</summary>
public enum SampleIndexing
{
    /// <summary>Every property.</summary>
    Default,

    /// <summary>None: writes cost half.</summary>
    Off,
}
