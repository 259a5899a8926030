namespace RetentionPipeline.Ledger;

/// <summary>Numbers of a writer that never came to the lanes, from first to last.</summary>
/// <param name="Writer">Who gave them.</param>
/// <param name="First">First number missing.</param>
/// <param name="Last">Last one, before a number that did come.</param>
public sealed record SequenceGap(Guid Writer, long First, long Last);

/// <summary>
/// Watches the numbers that writers give their blocks. Blocks of one writer overtake one another, so a number that is
/// missing below a later one is waited for, then reported once. A failed append leaves one too: its writer was told, and
/// what it then appends again has a number of its own. Of writers that were at work before this process only what is
/// missing behind the first number seen is told. Bounded: the writers heard last, and few numbers of each.
/// </summary>
internal sealed class WriterSequences
{
    /// <summary>Runs that a missing number is waited for: a minute and more, at a run a second.</summary>
    public const int Patience = 100;

    private const int MaxWriters = 1_024;
    private const int MaxAhead = 4_096;
    private readonly Dictionary<Guid, Numbers> writers = [];
    private readonly List<SequenceGap> gaps = [];
    private long runs;

    /// <summary>Takes the number of a block that was read; the same one may come again.</summary>
    public void Take(Guid writer, long sequence)
    {
        if (!writers.TryGetValue(writer, out var numbers))
        {
            if (writers.Count == MaxWriters)
            {
                writers.Remove(writers.MinBy(pair => pair.Value.HeardAt).Key);
            }

            writers.Add(writer, numbers = new Numbers());
        }

        numbers.HeardAt = runs;
        if (sequence > numbers.Through)
        {
            numbers.Ahead.Add(sequence);
        }
    }

    /// <summary>What is missing for too long by now.</summary>
    public IReadOnlyList<SequenceGap> EndRun()
    {
        runs++;
        gaps.Clear();
        foreach (var (writer, numbers) in writers)
        {
            if (numbers.Through < 0)
            {
                // The first run that hears of a writer: where it began nobody knows.
                numbers.Through = numbers.Ahead.Min - 1;
            }

            Advance(numbers);
            while (numbers.Ahead.Count > 0
                && (runs - numbers.MissingSince >= Patience || numbers.Ahead.Count > MaxAhead))
            {
                gaps.Add(new SequenceGap(writer, numbers.Through + 1, numbers.Ahead.Min - 1));
                numbers.Through = numbers.Ahead.Min - 1;
                Advance(numbers);
            }
        }

        return [.. gaps];
    }

    private void Advance(Numbers numbers)
    {
        var before = numbers.Through;
        while (numbers.Ahead.Remove(numbers.Through + 1))
        {
            numbers.Through++;
        }

        if (before != numbers.Through || numbers.Ahead.Count == 0)
        {
            numbers.MissingSince = runs;
        }
    }

    private sealed class Numbers
    {
        public long Through { get; set; } = -1;

        public SortedSet<long> Ahead { get; } = [];

        public long HeardAt { get; set; }

        public long MissingSince { get; set; }
    }
}
