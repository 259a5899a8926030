using System.Globalization;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>Numbers all writes of the gateway; used within jobs of the file alone.</summary>
/// <param name="salt">Tells the ETags of one gateway's life from those of another, in memory above all.</param>
internal sealed class VersionCounter(uint salt)
{
    private long next = 1;
    private long end = 1;

    /// <summary>The number of the latest write.</summary>
    public long Latest => Volatile.Read(ref next) - 1;

    public long Next(Statements statements)
    {
        if (next == end)
        {
            (next, end) = Schema.ReserveVersions(statements);
        }

        var taken = next;
        Volatile.Write(ref next, taken + 1);
        return taken;
    }

    public string EtagOf(long version) =>
        $"\"{salt:x8}-0000-0000-0000-{version.ToString("x12", CultureInfo.InvariantCulture)}\"";
}
