using System.Globalization;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Fakes;

/// <summary>Rows in memory, under the fault switch.</summary>
public sealed class MemoryRowStore(Faults faults) : IRowStore
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<(string Partition, string Row), StoredRow> rows = [];
    private long versions;

    /// <summary>What stands, for assertions.</summary>
    public IReadOnlyList<StoredRow> Snapshot()
    {
        lock (gate)
        {
            return [.. rows.Values];
        }
    }

    /// <inheritdoc/>
    public Task<StoredRow?> ReadAsync(string partition, string row, CancellationToken cancel) =>
        Call("rows.read", cancel, () => rows.GetValueOrDefault((partition, row)));

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredRow> ListAsync(
        string partition, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var found = await Call("rows.list", cancel, () => rows.Values.Where(row => row.Partition == partition)
            .OrderBy(row => row.Row, StringComparer.Ordinal).ToList());
        foreach (var row in found)
        {
            yield return row;
        }
    }

    /// <inheritdoc/>
    public Task<RowCommit> CommitAsync(string partition, IReadOnlyList<RowWrite> writes, CancellationToken cancel) =>
        Call("rows.commit", cancel, () =>
        {
            if (writes.Any(write => !Holds(partition, write)))
            {
                return RowCommit.Conflict;
            }

            foreach (var write in writes)
            {
                Apply(partition, write);
            }

            return RowCommit.Committed;
        });

    private bool Holds(string partition, RowWrite write)
    {
        var stands = rows.GetValueOrDefault((partition, write.Row));
        return write switch
        {
            RowWrite.Insert => stands is null,
            RowWrite.Replace replace => stands?.Version == replace.Version,
            RowWrite.Delete delete => stands?.Version == delete.Version,
            _ => throw new ArgumentException("A write that no store knows.", nameof(write)),
        };
    }

    private void Apply(string partition, RowWrite write)
    {
        var key = (partition, write.Row);
        switch (write)
        {
            case RowWrite.Insert insert:
                rows[key] = Make(partition, write.Row, insert.Text);
                break;
            case RowWrite.Replace replace:
                rows[key] = Make(partition, write.Row, replace.Text);
                break;
            default:
                rows.Remove(key);
                break;
        }
    }

    private StoredRow Make(string partition, string row, string text) => text.Length > 30_000
        ? throw new ArgumentException("A row's text is at most 30,000 characters.", nameof(text))
        : new(partition, row, text, (++versions).ToString(CultureInfo.InvariantCulture));

    private Task<T> Call<T>(string call, CancellationToken cancel, Func<T> effect)
    {
        cancel.ThrowIfCancellationRequested();
        return Task.FromResult(faults.Run(call, () =>
        {
            lock (gate)
            {
                return effect();
            }
        }));
    }
}
