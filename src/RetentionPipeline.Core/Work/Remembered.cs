using System.Collections.Concurrent;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// Remembers what was written once and therefore never changes, so that timers that look at open work again and again do
/// not read it again and again. When it is full it forgets everything: what is wanted still is read once more.
/// </summary>
/// <param name="most">Most entries.</param>
internal sealed class Remembered<TKey, TValue>(int most)
    where TKey : notnull
    where TValue : class
{
    private readonly ConcurrentDictionary<TKey, TValue> known = new();

    /// <summary>What is remembered, else what <paramref name="read"/> finds, which is remembered if it is not null.</summary>
    public async Task<TValue?> GetAsync(TKey key, Func<Task<TValue?>> read)
    {
        if (known.TryGetValue(key, out var value))
        {
            return value;
        }

        value = await read();
        if (value is not null)
        {
            Add(key, value);
        }

        return value;
    }

    /// <summary>Null if it is not remembered.</summary>
    public TValue? Find(TKey key) => known.GetValueOrDefault(key);

    /// <summary>Remembers.</summary>
    public void Add(TKey key, TValue value)
    {
        if (known.Count >= most)
        {
            known.Clear();
        }

        known[key] = value;
    }
}
