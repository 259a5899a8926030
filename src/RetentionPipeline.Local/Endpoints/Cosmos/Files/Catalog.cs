using System.Text.Json;
using Microsoft.Data.Sqlite;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>
/// The databases and containers, in memory for readers and in the file for the next start. Members that take statements
/// run within a job of the file, so that an item's write and a split never meet.
/// </summary>
internal sealed class Catalog(VersionCounter versions, TimeProvider time)
{
    private volatile IReadOnlyList<DatabaseEntry> databases = [];
    private volatile IReadOnlyList<ContainerEntry> containers = [];

    public IReadOnlyList<DatabaseEntry> Databases => databases;

    public long Now => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Does any container end items by age?</summary>
    public bool AnyExpires => containers.Any(container => container.Settings.DefaultTtl is not null);

    public IReadOnlyList<ContainerEntry> ContainersOf(DatabaseEntry database) =>
        [.. containers.Where(container => container.Database.Seq == database.Seq)];

    /// <summary>By name or by the service's id.</summary>
    public DatabaseEntry Database(string name) =>
        databases.FirstOrDefault(entry => entry.Id == name || entry.Rid == name) ?? throw GatewayException.NotFound();

    /// <summary>As owner of what is asked for; a missing one is told apart from a missing item.</summary>
    public ContainerEntry Owner(string database, string name) =>
        Find(database, name) ?? throw GatewayException.NoOwner();

    public ContainerEntry Container(string database, string name) =>
        Find(database, name) ?? throw GatewayException.NotFound();

    public void Load(Statements statements)
    {
        databases = statements.Read("SELECT seq, id, ts FROM databases ORDER BY seq", DatabaseRow);
        containers = statements.Read(
            "SELECT seq, database, id, settings, ranges, ts, etag FROM containers ORDER BY seq", ContainerRow);
    }

    public DatabaseEntry AddDatabase(Statements statements, string id)
    {
        if (databases.Any(entry => entry.Id == id))
        {
            throw GatewayException.Conflict("Resource with specified id or name already exists.");
        }

        statements.Execute("INSERT INTO databases (id, ts) VALUES ($1, $2)", id, Now);
        Load(statements);
        return Database(id);
    }

    public bool RemoveDatabase(Statements statements, string name)
    {
        var database = Database(name);
        foreach (var container in ContainersOf(database))
        {
            Empty(statements, container);
        }

        statements.Execute("DELETE FROM databases WHERE seq = $1", database.Seq);
        Load(statements);
        return true;
    }

    public ContainerEntry AddContainer(Statements statements, string database, string id, ContainerSettings settings, int partitions)
    {
        var owner = Database(database);
        if (Find(database, id) is not null)
        {
            throw GatewayException.Conflict("Resource with specified id or name already exists.");
        }

        statements.Execute(
            "INSERT INTO containers (database, id, settings, ranges, ts, etag) VALUES ($1, $2, $3, $4, $5, $6)",
            owner.Seq, id, settings.Json, JsonSerializer.Serialize(KeyRange.Even(partitions)), Now, NewEtag(statements));
        Load(statements);
        return Container(database, id);
    }

    public ContainerEntry ReplaceContainer(Statements statements, string database, string name, ContainerSettings settings)
    {
        var before = Container(database, name);
        if (!before.Settings.Paths.SequenceEqual(settings.Paths)
            || before.Settings.UniqueKeys.Count != settings.UniqueKeys.Count
            || !before.Settings.UniqueKeys.Zip(settings.UniqueKeys).All(pair => pair.First.SequenceEqual(pair.Second)))
        {
            throw GatewayException.BadRequest("Partition key and unique keys of a container cannot be changed.");
        }

        statements.Execute(
            "UPDATE containers SET settings = $2, ts = $3, etag = $4 WHERE seq = $1",
            before.Seq, settings.Json, Now, NewEtag(statements));
        ItemTable.Recount(statements, before.Seq, settings.DefaultTtl);
        Load(statements);
        return Container(database, name);
    }

    public bool RemoveContainer(Statements statements, string database, string name)
    {
        Empty(statements, Container(database, name));
        Load(statements);
        return true;
    }

    /// <summary>Splits a partition in two halves. Items stay where they are: a partition is a stretch of keys.</summary>
    public ContainerEntry Split(Statements statements, string database, string name, string range)
    {
        var container = Owner(database, name);
        var parent = container.RangeById(range);
        var ranges = container.Ranges.SelectMany(old =>
            old == parent ? old.Halves(container.Ranges.Max(any => any.Id) + 1) : [old]);
        statements.Execute("UPDATE containers SET ranges = $2 WHERE seq = $1", container.Seq, JsonSerializer.Serialize(ranges));
        Load(statements);
        return Owner(database, name);
    }

    private ContainerEntry? Find(string database, string name) => containers.FirstOrDefault(entry =>
        (entry.Id == name || entry.Rid == name) && (entry.Database.Id == database || entry.Database.Rid == database));

    private string NewEtag(Statements statements) => versions.EtagOf(versions.Next(statements));

    private static void Empty(Statements statements, ContainerEntry container)
    {
        statements.Execute("DELETE FROM items WHERE container = $1", container.Seq);
        statements.Execute("DELETE FROM containers WHERE seq = $1", container.Seq);
    }

    private static DatabaseEntry DatabaseRow(SqliteDataReader reader) =>
        new(reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2));

    private ContainerEntry ContainerRow(SqliteDataReader reader)
    {
        using var settings = JsonDocument.Parse(reader.GetString(3));
        var owner = reader.GetInt64(1);
        return new(
            reader.GetInt64(0), databases.First(database => database.Seq == owner), reader.GetString(2),
            ContainerSettings.Parse(settings.RootElement), JsonSerializer.Deserialize<KeyRange[]>(reader.GetString(4))!,
            reader.GetInt64(5))
        {
            Etag = reader.GetString(6),
        };
    }
}
