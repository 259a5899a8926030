namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>The tables of the gateway's file.</summary>
internal static class Schema
{
    /// <summary>So many versions are reserved in the file at once: after a crash none is given twice.</summary>
    private const long Reserved = 10_000;

    public static void Create(Statements statements)
    {
        statements.Scalar("PRAGMA journal_mode=WAL");
        statements.Execute("PRAGMA synchronous=FULL");
        statements.Execute("PRAGMA secure_delete=ON");
        statements.Execute("PRAGMA foreign_keys=OFF");
        statements.Execute("""
            CREATE TABLE IF NOT EXISTS databases (
              seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, ts INTEGER NOT NULL);
            CREATE TABLE IF NOT EXISTS containers (
              seq INTEGER PRIMARY KEY AUTOINCREMENT, database INTEGER NOT NULL, id TEXT NOT NULL, settings TEXT NOT NULL,
              ranges TEXT NOT NULL, ts INTEGER NOT NULL, etag TEXT NOT NULL, UNIQUE (database, id));
            CREATE TABLE IF NOT EXISTS items (
              seq INTEGER PRIMARY KEY AUTOINCREMENT, container INTEGER NOT NULL, epk TEXT NOT NULL, pk TEXT NOT NULL,
              id TEXT NOT NULL, body BLOB NOT NULL, etag TEXT NOT NULL, ts INTEGER NOT NULL, lsn INTEGER NOT NULL,
              ttl INTEGER, expires INTEGER);
            CREATE UNIQUE INDEX IF NOT EXISTS items_key ON items (container, epk, pk, id);
            CREATE INDEX IF NOT EXISTS items_id ON items (container, id, epk, pk);
            CREATE INDEX IF NOT EXISTS items_lsn ON items (container, lsn);
            CREATE INDEX IF NOT EXISTS items_expire ON items (expires) WHERE expires IS NOT NULL;
            CREATE TABLE IF NOT EXISTS unique_values (
              container INTEGER NOT NULL, pk TEXT NOT NULL, policy INTEGER NOT NULL, value TEXT NOT NULL,
              item INTEGER NOT NULL, PRIMARY KEY (container, pk, policy, value)) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS unique_item ON unique_values (item);
            CREATE TRIGGER IF NOT EXISTS items_gone AFTER DELETE ON items
              BEGIN DELETE FROM unique_values WHERE item = OLD.seq; END;
            CREATE TABLE IF NOT EXISTS versions (one INTEGER PRIMARY KEY CHECK (one = 1), reserved INTEGER NOT NULL);
            INSERT INTO versions (one, reserved) VALUES (1, 0) ON CONFLICT DO NOTHING;
            """);
    }

    /// <summary>Reserves the next block of versions; answers its first and the first behind it.</summary>
    public static (long From, long To) ReserveVersions(Statements statements)
    {
        var from = (long)statements.Scalar("SELECT reserved FROM versions")!;
        statements.Execute("UPDATE versions SET reserved = $1", from + Reserved);
        return (from + 1, from + Reserved + 1);
    }
}
