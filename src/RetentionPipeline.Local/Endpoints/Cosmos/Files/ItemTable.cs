using System.Text;
using Microsoft.Data.Sqlite;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>Reads and writes items, within jobs of the file. What has expired is not there.</summary>
internal static class ItemTable
{
    private const string Columns = "seq, epk, pk, id, body, etag, ts, lsn, ttl, expires";
    private const int ChunkRows = 256;
    private const int ChunkBytes = 4 * 1024 * 1024;

    public static StoredItem? Find(Statements statements, long container, ItemKey key, long now) => statements.Read(
        $"SELECT {Columns} FROM items WHERE container = $1 AND epk = $2 AND pk = $3 AND id = $4 AND (expires IS NULL OR expires > $5)",
        Row, container, key.Epk, key.Pk, key.Id, now).FirstOrDefault();

    /// <summary>The next items of a scope in the order of their keys: some hundred at most, some MB at most.</summary>
    public static List<StoredItem> Next(Statements statements, long container, KeyScope scope, ItemKey? after, long now)
    {
        var bytes = 0L;
        var from = after ?? new ItemKey(scope.Min, "", "");
        return statements.Read(
            $"""
            SELECT {Columns} FROM items WHERE container = $1 AND epk >= $2 AND epk < $3 AND (epk, pk, id) > ($4, $5, $6)
            AND ($7 IS NULL OR pk = $7) AND (expires IS NULL OR expires > $8) ORDER BY epk, pk, id LIMIT $9
            """,
            reader => Bounded(reader, ref bytes),
            container, Later(scope.Min, from.Epk), scope.Max, from.Epk, from.Pk, from.Id, scope.Key, now, ChunkRows);
    }

    /// <summary>As <see cref="Next"/>, of items with these ids alone: what an index on the id finds.</summary>
    public static List<StoredItem> OfIds(
        Statements statements, long container, KeyScope scope, IReadOnlyCollection<string> ids, ItemKey? after, long now)
    {
        var keys = ids.SelectMany(id => statements.Read(
            "SELECT epk, pk, id FROM items WHERE container = $1 AND id = $2 AND epk >= $3 AND epk < $4 AND ($5 IS NULL OR pk = $5)",
            reader => new ItemKey(reader.GetString(0), reader.GetString(1), reader.GetString(2)),
            container, id, scope.Min, scope.Max, scope.Key));
        var (items, bytes) = (new List<StoredItem>(), 0L);
        foreach (var key in keys.Where(key => after is null || key.CompareTo(after) > 0).Order())
        {
            if (items.Count == ChunkRows || bytes > ChunkBytes)
            {
                break;
            }

            if (Find(statements, container, key, now) is { } item)
            {
                items.Add(item);
                bytes += item.Body.Length;
            }
        }

        return items;
    }

    /// <summary>The next changes behind a version, in the order of writes.</summary>
    public static List<StoredItem> Changed(Statements statements, long container, KeyScope scope, long after, long now)
    {
        var bytes = 0L;
        return statements.Read(
            $"""
            SELECT {Columns} FROM items WHERE container = $1 AND lsn > $2 AND epk >= $3 AND epk < $4
            AND ($5 IS NULL OR pk = $5) AND (expires IS NULL OR expires > $6) ORDER BY lsn LIMIT $7
            """,
            reader => Bounded(reader, ref bytes), container, after, scope.Min, scope.Max, scope.Key, now, ChunkRows);
    }

    /// <summary>Adds an item; what expired under the same key goes first.</summary>
    public static long Insert(Statements statements, long container, StoredItem item)
    {
        statements.Execute(
            "DELETE FROM items WHERE container = $1 AND epk = $2 AND pk = $3 AND id = $4 AND expires IS NOT NULL",
            container, item.Epk, item.Pk, item.Id);
        return (long)statements.Scalar(
            "INSERT INTO items (container, epk, pk, id, body, etag, ts, lsn, ttl, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq",
            container, item.Epk, item.Pk, item.Id, item.Body, item.Etag, item.Ts, item.Lsn, item.Ttl, item.Expires)!;
    }

    public static void Update(Statements statements, StoredItem item) => statements.Execute(
        "UPDATE items SET body = $2, etag = $3, ts = $4, lsn = $5, ttl = $6, expires = $7 WHERE seq = $1",
        item.Seq, item.Body, item.Etag, item.Ts, item.Lsn, item.Ttl, item.Expires);

    public static void Delete(Statements statements, long seq) => statements.Execute("DELETE FROM items WHERE seq = $1", seq);

    /// <summary>Takes the unique values of an item anew; refuses if another item of the same partition key has one.</summary>
    public static void TakeUnique(
        Statements statements, long container, string pk, long item, IReadOnlyList<string> values)
    {
        statements.Execute("DELETE FROM unique_values WHERE item = $1", item);
        for (var policy = 0; policy < values.Count; policy++)
        {
            if (statements.Execute(
                "INSERT INTO unique_values (container, pk, policy, value, item) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                container, pk, policy, values[policy], item) == 0)
            {
                throw GatewayException.Conflict("Unique index constraint violation.");
            }
        }
    }

    public static int Purge(Statements statements, long now) =>
        statements.Execute("DELETE FROM items WHERE expires IS NOT NULL AND expires <= $1", now);

    /// <summary>A container's time to live changed: when each of its items ends is counted anew.</summary>
    public static void Recount(Statements statements, long container, int? defaultTtl) => statements.Execute(
        """
        UPDATE items SET expires = CASE WHEN $2 IS NULL OR coalesce(ttl, $2) < 0 THEN NULL ELSE ts + coalesce(ttl, $2) END
        WHERE container = $1
        """,
        container, defaultTtl);

    private static string Later(string one, string other) => string.CompareOrdinal(one, other) > 0 ? one : other;

    private static StoredItem? Bounded(SqliteDataReader reader, ref long bytes)
    {
        if (bytes > ChunkBytes)
        {
            return null;
        }

        var item = Row(reader);
        bytes += item.Body.Length;
        return item;
    }

    private static StoredItem Row(SqliteDataReader reader) => new(
        reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), (byte[])reader[4],
        reader.GetString(5), reader.GetInt64(6), reader.GetInt64(7), reader.IsDBNull(8) ? null : reader.GetInt32(8),
        reader.IsDBNull(9) ? null : reader.GetInt64(9));
}

/// <summary>Where an item lies: effective key, partition key as canonical text, id. Keys sort in this order.</summary>
internal sealed record ItemKey(string Epk, string Pk, string Id) : IComparable<ItemKey>
{
    /// <summary>As SQLite compares texts: by their bytes in UTF-8, which is the order of code points.</summary>
    public int CompareTo(ItemKey? other) => other is null ? 1
        : CompareBytes(Epk, other.Epk) is not 0 and var first ? first
        : CompareBytes(Pk, other.Pk) is not 0 and var second ? second
        : CompareBytes(Id, other.Id);

    private static int CompareBytes(string one, string other) =>
        Encoding.UTF8.GetBytes(one).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(other));
}
