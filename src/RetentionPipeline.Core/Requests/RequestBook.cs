using System.Text.Json;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Requests;

/// <summary>
/// The rows of the requests: one per request, whatever number of messages asked for it. Open ones and the counts against
/// the caps share a partition, so that a request is taken and counted in one step; ended ones lie in another, where no
/// timer looks.
/// </summary>
public sealed class RequestBook(IRowStore rows, ObjectSealer sealer)
{
    private const string Open = "requests";
    private const string Ended = "requests-ended";
    private const string CapPrefix = "~cap.";

    /// <summary>Null if no such request was received.</summary>
    public async Task<RequestEntry?> FindAsync(Guid request, CancellationToken cancel)
    {
        var row = await rows.ReadAsync(Open, Name(request), cancel) ?? await rows.ReadAsync(Ended, Name(request), cancel);
        return row is null ? null : Read(row);
    }

    /// <summary>
    /// Takes a request in and returns the row that stands: whoever comes second finds the first one's. One that is within
    /// its source's cap counts against it; one above it is parked.
    /// </summary>
    public async Task<RequestEntry> TakeAsync(RequestRow row, RequestSource source, CancellationToken cancel)
    {
        while (true)
        {
            if (await FindAsync(row.Request, cancel) is { } stands)
            {
                return stands;
            }

            if (row.State is RequestState.Rejected)
            {
                await rows.CommitAsync(Ended, [new RowWrite.Insert(Name(row.Request), Write(row))], cancel);
                continue;
            }

            var name = CapPrefix + source.Name;
            var counted = await rows.ReadAsync(Open, name, cancel);
            var cap = Counted(counted, row.ReceivedAt);
            var within = cap.InHour < source.PerHour && cap.InDay < source.PerDay;
            var writes = new List<RowWrite>
            {
                new RowWrite.Insert(Name(row.Request), Write(row with { State = within ? RequestState.Accepted : RequestState.Parked })),
            };
            if (within)
            {
                var text = JsonSerializer.Serialize(
                    cap with { InHour = cap.InHour + 1, InDay = cap.InDay + 1 }, RequestJsonContext.Default.CapRow);
                writes.Add(counted is null ? new RowWrite.Insert(name, text) : new RowWrite.Replace(name, text, counted.Version));
            }

            await rows.CommitAsync(Open, writes, cancel);
        }
    }

    /// <summary>The requests that have not ended.</summary>
    public Task<IReadOnlyList<RequestEntry>> ListOpenAsync(CancellationToken cancel) => ListAsync(Open, cancel);

    /// <summary>All that have ended: many after a while, and for people only.</summary>
    public Task<IReadOnlyList<RequestEntry>> ListEndedAsync(CancellationToken cancel) => ListAsync(Ended, cancel);

    private async Task<IReadOnlyList<RequestEntry>> ListAsync(string partition, CancellationToken cancel)
    {
        var found = new List<RequestEntry>();
        await foreach (var row in rows.ListAsync(partition, cancel))
        {
            if (!row.Row.StartsWith(CapPrefix, StringComparison.Ordinal))
            {
                found.Add(Read(row));
            }
        }

        return found;
    }

    /// <summary>Replaces an open row that is still as it was read.</summary>
    public Task<RowCommit> ReplaceAsync(RequestEntry entry, RequestRow row, CancellationToken cancel) =>
        rows.CommitAsync(Open, [new RowWrite.Replace(Name(row.Request), Write(row), entry.Version)], cancel);

    /// <summary>
    /// Ends a request: the row without the person's identifiers among the ended ones, then the open one goes. A crash
    /// between leaves both, and the next call ends it.
    /// </summary>
    public async Task EndAsync(RequestEntry entry, RequestRow row, CancellationToken cancel)
    {
        var ended = Write(row with { Identifiers = [] });
        await rows.CommitAsync(Ended, [new RowWrite.Insert(Name(row.Request), ended)], cancel);
        await rows.CommitAsync(Open, [new RowWrite.Delete(Name(row.Request), entry.Version)], cancel);
    }

    /// <summary>Seals a person's identifiers for the row of that request.</summary>
    public Task<byte[]> SealAsync(Guid request, IReadOnlyList<SubjectIdentifier> identifiers, CancellationToken cancel) =>
        sealer.SealAsync(
            SealName(request),
            JsonSerializer.SerializeToUtf8Bytes(identifiers, RequestJsonContext.Default.IReadOnlyListSubjectIdentifier), cancel);

    /// <summary>The identifiers of an open row.</summary>
    public async Task<IReadOnlyList<SubjectIdentifier>> OpenAsync(RequestRow row, CancellationToken cancel) =>
        JsonSerializer.Deserialize(
            await sealer.OpenAsync(SealName(row.Request), row.Identifiers, cancel),
            RequestJsonContext.Default.IReadOnlyListSubjectIdentifier)
        ?? throw new FormatException("A request row's identifiers are null.");

    private static CapRow Counted(StoredRow? row, DateTimeOffset now)
    {
        var at = now.UtcDateTime;
        var hour = new DateTimeOffset(at.Year, at.Month, at.Day, at.Hour, 0, 0, TimeSpan.Zero);
        var day = DateOnly.FromDateTime(at);
        var cap = row is null ? null : JsonSerializer.Deserialize(row.Text, RequestJsonContext.Default.CapRow);
        return new CapRow(hour, cap?.Hour == hour ? cap.InHour : 0, day, cap?.Day == day ? cap.InDay : 0);
    }

    private static string Name(Guid request) => request.ToString("D");

    private static string SealName(Guid request) => $"request/{request:D}";

    private static string Write(RequestRow row) => JsonSerializer.Serialize(row, RequestJsonContext.Default.RequestRow);

    private static RequestEntry Read(StoredRow row) => new(
        JsonSerializer.Deserialize(row.Text, RequestJsonContext.Default.RequestRow)
            ?? throw new FormatException("A request row holds null."),
        row.Version);
}
