namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>Fills a page up to its bounds: results, bytes, TOP.</summary>
internal sealed class PageBuilder(int most, long? top)
{
    private readonly List<byte[]> results = [];
    private long bytes;
    private bool closed;

    public IReadOnlyList<byte[]> Results => results;

    /// <summary>Null without TOP.</summary>
    public long? TopLeft => top - results.Count;

    public bool Full => closed || results.Count >= most || TopLeft <= 0;

    /// <summary>False if the result would make the page too large, which then is full; one result always fits.</summary>
    public bool TryAdd(byte[] result)
    {
        if (results.Count > 0 && bytes + result.Length > QueryRunner.MostBytes)
        {
            closed = true;
            return false;
        }

        bytes += result.Length;
        results.Add(result);
        return true;
    }
}
