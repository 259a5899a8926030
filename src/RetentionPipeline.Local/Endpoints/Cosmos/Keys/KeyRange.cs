using System.Globalization;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Keys;

/// <summary>A physical partition: a stretch of effective keys, upper end excluded.</summary>
/// <param name="Id">Never used again once it is gone.</param>
/// <param name="Parents">The partitions that it was split from, the oldest first.</param>
internal sealed record KeyRange(int Id, string Min, string Max, IReadOnlyList<int> Parents)
{
    public const string Lowest = "";
    public const string Highest = "FF";

    private static UInt128 End => UInt128.One << 126;

    public bool Contains(string effective) =>
        string.CompareOrdinal(Min, effective) <= 0 && string.CompareOrdinal(effective, Max) < 0;

    /// <summary>Cuts the space of hashes into equal parts.</summary>
    public static IReadOnlyList<KeyRange> Even(int count) =>
        [.. Enumerable.Range(0, count).Select(part => new KeyRange(part, Bound(part, count), Bound(part + 1, count), []))];

    /// <summary>The two halves, which take the next two ids.</summary>
    public IReadOnlyList<KeyRange> Halves(int nextId)
    {
        var middle = Write(Read(Min) + ((Read(Max) - Read(Min)) / 2));
        IReadOnlyList<int> parents = [.. Parents, Id];
        return [new(nextId, Min, middle, parents), new(nextId + 1, middle, Max, parents)];
    }

    private static string Bound(int part, int count) =>
        part == 0 ? Lowest : part == count ? Highest : Write(End / (UInt128)count * (UInt128)part);

    private static UInt128 Read(string bound) =>
        bound == Lowest ? 0 : bound == Highest ? End : UInt128.Parse(bound, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Write(UInt128 bound) => bound.ToString("X32", CultureInfo.InvariantCulture);
}

/// <summary>The part of a container that a request is about.</summary>
/// <param name="Min">First effective key.</param>
/// <param name="Max">First effective key behind it.</param>
/// <param name="Key">A partition key as canonical text, if the request is about one alone; else null.</param>
/// <param name="RangeId">The physical partition, for the session token.</param>
internal sealed record KeyScope(string Min, string Max, string? Key, int RangeId);
