namespace RetentionPipeline.Local.Sample;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same sequence for the same seed on every runtime, for ever.</summary>
public sealed class SampleRandom(ulong seed)
{
    private ulong state = seed;

    /// <summary>0 to <paramref name="limit"/> − 1.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>True in so many of a hundred cases.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    /// <summary>One of them.</summary>
    public T OneOf<T>(IReadOnlyList<T> values) => values[Below(values.Count)];

    private ulong Next()
    {
        var z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
