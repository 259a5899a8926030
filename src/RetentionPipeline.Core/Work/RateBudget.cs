using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// One rate per store, shared by all instances: a row holds the instant up to which requests are given away (a virtual
/// schedule, as in the generic cell rate algorithm of ITU-T I.371). An instance takes a stretch of it, about half a
/// second, hands its requests out one by one at their instants, and fills it up before it is used up, since no instant
/// that passes while the row is written can be had again. What an instance that dies had taken is lost with it, at most
/// half a second. A request may be sent a little after its instant and no later: those that a process gathers
/// while it stands still lapse, and are asked for anew. The instants lie so far apart that with all that lateness no
/// window of five seconds holds more requests that leave was given for than the rate allows. What a request turns out to
/// cost beyond the one that was asked for (a page that walks, a fresh read, a retry, request units) is paid from the next
/// stretch, before anything else.
/// </summary>
public sealed class RateBudget(IRowStore rows, TimeProvider time)
{
    private const string Partition = "budgets";
    private const double StretchSeconds = 0.5;

    /// <summary>A request may be up to this late against its instant before it lapses.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(200);

    /// <summary>No stretch of time as long as this one holds more requests with leave than the rate has in it, but for one.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private const double TurnsPace = 1.25;
    private static readonly TimeSpan FirstTurn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastTurn = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Stretch> stretches = new(StringComparer.Ordinal);

    /// <summary>
    /// Waits for leave to send one request. False if none is to be had within <paramref name="patience"/>; then nothing
    /// was taken.
    /// </summary>
    /// <param name="use">The store and its rate.</param>
    /// <param name="wanted">
    /// How many the caller will want at once, this one included; it takes in advance what these cost by experience, no more.
    /// </param>
    /// <param name="patience">How long to wait at most.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public async Task<BudgetAnswer> TakeAsync(BudgetUse use, int wanted, TimeSpan patience, CancellationToken cancel)
    {
        var stretch = stretches.GetOrAdd(use.Store, static _ => new Stretch());
        var giveUpAt = time.GetUtcNow() + patience;
        var lapsed = false;
        while (true)
        {
            DateTimeOffset? slot;
            await stretch.Gate.WaitAsync(cancel);
            try
            {
                if (lapsed)
                {
                    stretch.TakeBack();
                    lapsed = false;
                }

                if (stretch.Upcoming > giveUpAt)
                {
                    return BudgetAnswer.NoneInTime;
                }

                slot = stretch.Next(time.GetUtcNow(), Grace, use.Spent);
                if (slot is null)
                {
                    var taken = await TryLeaseAsync(use, wanted, giveUpAt, stretch, cancel);
                    if (taken is BudgetAnswer.NoneInTime)
                    {
                        return taken;
                    }

                    continue;
                }

                await LeaseAheadAsync(use, wanted - 1, giveUpAt, stretch, cancel);
            }
            finally
            {
                stretch.Gate.Release();
            }

            var wait = slot.Value - time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancel);
            }

            lapsed = time.GetUtcNow() - slot.Value > Grace;
            if (!lapsed)
            {
                return BudgetAnswer.Taken;
            }
        }
    }

    /// <summary>
    /// When work that found no leave should come again: this instance's waiting work comes one by one, a little faster than
    /// the rate lets it through, since some of it is late or finds that others were here. At most half a minute ahead, and
    /// then spread over its second half.
    /// </summary>
    /// <param name="use">The store and its rate.</param>
    /// <param name="requests">What the work will want.</param>
    public DateTimeOffset NextTurn(BudgetUse use, int requests)
    {
        var stretch = stretches.GetOrAdd(use.Store, static _ => new Stretch());
        var now = time.GetUtcNow();
        lock (stretch.Turns)
        {
            var turn = stretch.NextTurn > now + FirstTurn ? stretch.NextTurn : now + FirstTurn;
            if (turn > now + LastTurn)
            {
                return now + (LastTurn / 2) + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32((int)LastTurn.TotalMilliseconds / 2));
            }

            stretch.NextTurn = turn + TimeSpan.FromSeconds(requests / (TurnsPace * use.PerSecond));
            return turn;
        }
    }

    /// <summary>
    /// Fills the stretch up to what will be wanted, once half of it is used. The leave in hand is good whatever comes of it,
    /// so that a failure is left to who finds the stretch empty.
    /// </summary>
    private async Task LeaseAheadAsync(
        BudgetUse use, int wanted, DateTimeOffset giveUpAt, Stretch stretch, CancellationToken cancel)
    {
        var most = Math.Min(wanted, use.PerSecond * StretchSeconds);
        if (stretch.Left >= most / 2 || time.GetUtcNow() < stretch.NotAheadBefore)
        {
            return;
        }

        stretch.NotAheadBefore = time.GetUtcNow() + Grace;
        try
        {
            if (await TryLeaseAsync(use, (int)(most - stretch.Left), giveUpAt, stretch, cancel) is BudgetAnswer.Taken)
            {
                stretch.NotAheadBefore = default;
            }
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            // As said above.
        }
    }

    private async Task<BudgetAnswer> TryLeaseAsync(
        BudgetUse use, int wanted, DateTimeOffset giveUpAt, Stretch stretch, CancellationToken cancel)
    {
        var needed = Math.Ceiling(wanted * stretch.CostOfOne(use.Spent));
        var count = stretch.Debt(use.Spent) + (long)Math.Clamp(needed, 1, Math.Max(1, use.PerSecond * StretchSeconds));
        var row = await rows.ReadAsync(Partition, use.Store, cancel);
        var now = time.GetUtcNow();
        var given = row is null ? now : new DateTimeOffset(long.Parse(row.Text, CultureInfo.InvariantCulture), TimeSpan.Zero);
        var from = given > now ? given : now;
        if (from > giveUpAt)
        {
            return BudgetAnswer.NoneInTime;
        }

        var pace = use.PerSecond * (Window / (Window + Grace));
        var until = from + TimeSpan.FromSeconds(count / pace);
        var text = until.UtcTicks.ToString(CultureInfo.InvariantCulture);
        RowWrite write = row is null
            ? new RowWrite.Insert(use.Store, text)
            : new RowWrite.Replace(use.Store, text, row.Version);
        if (await rows.CommitAsync(Partition, [write], cancel) is RowCommit.Committed)
        {
            stretch.Add(from, count, pace);
        }

        return BudgetAnswer.Taken;
    }

    /// <summary>Instants that this instance may send at, in order.</summary>
    private sealed class Stretch
    {
        private const int MostUnderWay = 256;

        private readonly Queue<(DateTimeOffset From, long Count, double Pace)> later = new();
        private DateTimeOffset from;
        private long count;
        private long used;
        private double pace = 1;
        private long paid;
        private long asked;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        /// <summary>Guards <see cref="NextTurn"/>.</summary>
        public Lock Turns { get; } = new();

        /// <summary>When the next work that finds no leave comes again.</summary>
        public DateTimeOffset NextTurn { get; set; }

        /// <summary>Instants not handed out yet.</summary>
        public long Left => count - used + later.Sum(part => part.Count);

        /// <summary>The first instant not handed out yet; null where there is none.</summary>
        public DateTimeOffset? Upcoming => used < count ? from + TimeSpan.FromSeconds(used / pace)
            : later.TryPeek(out var part) ? part.From
            : null;

        /// <summary>None could be had in advance: until when that is not tried again.</summary>
        public DateTimeOffset NotAheadBefore { get; set; }

        /// <summary>What was spent and not paid for yet.</summary>
        public long Debt(long spent) => Math.Max(0, spent - paid);

        /// <summary>What a request cost so far, in units of the rate: 1 where that is requests, the mean where it is request units.</summary>
        public double CostOfOne(long spent) => asked == 0 ? 1 : Math.Max(1, spent / (double)asked);

        public void Add(DateTimeOffset start, long requests, double perSecond) => later.Enqueue((start, requests, perSecond));

        /// <summary>The last leave was not used: its instant had passed when its request came to be sent.</summary>
        public void TakeBack()
        {
            asked--;
            paid--;
        }

        /// <summary>Null when none is left. Debts are paid first; instants that are too long past have lapsed.</summary>
        public DateTimeOffset? Next(DateTimeOffset now, TimeSpan grace, long spent)
        {
            do
            {
                var pays = Math.Min(Debt(spent), count - used);
                (used, paid) = (used + pays, paid + pays);
                while (used < count)
                {
                    var slot = from + TimeSpan.FromSeconds(used++ / pace);
                    if (slot + grace >= now)
                    {
                        asked++;

                        // Leave that was given and not used is worth no more than what one instance has under way.
                        paid = Math.Min(paid + 1, spent + MostUnderWay);
                        return slot;
                    }
                }
            }
            while (TryGoOn());

            return null;
        }

        private bool TryGoOn()
        {
            var goesOn = later.TryDequeue(out var part);
            (from, count, used, pace) = goesOn ? (part.From, part.Count, 0, part.Pace) : (from, count, used, pace);
            return goesOn;
        }
    }
}

/// <summary>What is used, by whom leave is asked.</summary>
/// <param name="Store">Name of the store.</param>
/// <param name="PerSecond">Its rate, requests (or request units) a second; all instances must name the same.</param>
/// <param name="Spent">What this instance has spent on it so far, in the same unit.</param>
public sealed record BudgetUse(string Store, int PerSecond, long Spent);

/// <summary>Whether leave was given.</summary>
public enum BudgetAnswer
{
    /// <summary>One request may be sent now.</summary>
    Taken,

    /// <summary>None within the caller's patience.</summary>
    NoneInTime,
}
