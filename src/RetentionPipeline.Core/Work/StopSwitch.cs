using System.Text.Json;
using System.Text.Json.Serialization;

namespace RetentionPipeline.Core.Work;

/// <summary>What a stop covers.</summary>
/// <param name="Row">Row name: <c>all</c>, <c>store.NAME</c> or <c>rule.NAME</c>.</param>
public sealed record StopScope(string Row)
{
    /// <summary>Everything.</summary>
    public static readonly StopScope Everything = new("all");

    /// <summary>All acts and scans on a store.</summary>
    public static StopScope OfStore(string store) => new("store." + store);

    /// <summary>A rule.</summary>
    public static StopScope OfRule(string rule) => new("rule." + rule);
}

/// <summary>What an instance knows of the stops.</summary>
/// <param name="Blind">The rows could not be read for too long: counts as a stop of everything.</param>
/// <param name="Rows">The stops that stand.</param>
public sealed record StopReading(bool Blind, IReadOnlySet<string> Rows)
{
    /// <summary>Nothing is to be received or begun.</summary>
    public bool StopsEverything => Blind || Rows.Contains(StopScope.Everything.Row);

    /// <summary>Whether work on this store under this rule is stopped.</summary>
    public bool Stops(string store, string rule) =>
        StopsEverything || Rows.Contains(StopScope.OfStore(store).Row) || Rows.Contains(StopScope.OfRule(rule).Row);
}

/// <summary>
/// The kill switch: rows that each instance reads every three seconds. Who cannot read them for ten seconds behaves as
/// if everything were stopped. One object per instance; safe for concurrent use.
/// </summary>
public sealed class StopSwitch(IRowStore rows, TimeProvider time, PipelineTimes times)
{
    private const string Partition = "stops";
    private static readonly StopReading Unread = new(true, new HashSet<string>());
    private readonly SemaphoreSlim one = new(1, 1);
    private volatile Reading? last;

    /// <summary>The newest reading, at most three seconds old, or blind.</summary>
    public async Task<StopReading> CurrentAsync(CancellationToken cancel)
    {
        if (last is { } fresh && time.GetElapsedTime(fresh.At) < times.StopReadEvery)
        {
            return fresh.Stops;
        }

        await one.WaitAsync(cancel);
        try
        {
            var at = time.GetTimestamp();
            if (last is null || time.GetElapsedTime(last.At) >= times.StopReadEvery)
            {
                last = new Reading(at, await ReadRowsAsync(cancel));
            }

            return last.Stops;
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            return last is { } old && time.GetElapsedTime(old.At) < times.StopBlindLimit ? old.Stops : Unread;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Stops; a stop that stands already is left as it is. In force everywhere within ten seconds.</summary>
    public async Task StopAsync(StopScope scope, string actor, CancellationToken cancel)
    {
        var text = JsonSerializer.Serialize(new StopRow(actor, time.GetUtcNow()), StopJsonContext.Default.StopRow);
        await rows.CommitAsync(Partition, [new RowWrite.Insert(scope.Row, text)], cancel);
    }

    /// <summary>Takes the stop back; false if none stood.</summary>
    public async Task<StopChange> ResumeAsync(StopScope scope, CancellationToken cancel)
    {
        while (await rows.ReadAsync(Partition, scope.Row, cancel) is { } row)
        {
            var commit = await rows.CommitAsync(Partition, [new RowWrite.Delete(scope.Row, row.Version)], cancel);
            if (commit is RowCommit.Committed)
            {
                return StopChange.Changed;
            }
        }

        return StopChange.NothingToDo;
    }

    /// <summary>The stops that stand, read now.</summary>
    public async Task<StopReading> ReadNowAsync(CancellationToken cancel) => await ReadRowsAsync(cancel);

    private async Task<StopReading> ReadRowsAsync(CancellationToken cancel)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            names.Add(row.Row);
        }

        return new StopReading(false, names);
    }

    private sealed record Reading(long At, StopReading Stops);
}

/// <summary>Whether a verb changed anything.</summary>
public enum StopChange
{
    /// <summary>It did.</summary>
    Changed,

    /// <summary>There was nothing to change.</summary>
    NothingToDo,
}

internal sealed record StopRow(string Actor, DateTimeOffset At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StopRow))]
internal sealed partial class StopJsonContext : JsonSerializerContext;
