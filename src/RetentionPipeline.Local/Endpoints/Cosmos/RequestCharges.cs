namespace RetentionPipeline.Local.Endpoints.Cosmos;

/// <summary>What requests cost, in request units, by the table of docs/ru.md. Sizes are in bytes.</summary>
internal static class RequestCharges
{
    /// <summary>An act or a read that found nothing to do.</summary>
    public const double Refused = 1;

    private const double Page = 2.3;
    private const double PerKilobyteOfPage = 0.05;

    public static double Read(long bytes) => Size(bytes);

    public static double Create(long bytes, bool indexingOff) => 5 * Size(bytes) * Index(indexingOff);

    public static double Replace(long bytes, bool indexingOff) => 2 * Create(bytes, indexingOff);

    public static double Delete(long bytes, bool indexingOff) => Create(bytes, indexingOff);

    /// <summary>A page of a query, a feed or a change feed.</summary>
    /// <param name="kilobytes">Of the items loaded for it, each counted as full kilobytes.</param>
    public static double PageOf(long kilobytes) => Page + (PerKilobyteOfPage * kilobytes);

    public static long Kilobytes(long bytes) => Math.Max(1, (bytes + 1023) / 1024);

    private static double Size(long bytes) => 1 + (0.09 * (Kilobytes(bytes) - 1));

    private static int Index(bool off) => off ? 1 : 2;
}
