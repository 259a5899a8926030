using System.Text.Json;
using System.Text.Json.Serialization;

namespace RetentionPipeline.Core.Work;

/// <summary>How often a piece of work was sent and begun. Changed under its version only.</summary>
/// <param name="Number">Of the newest send; older messages never act.</param>
/// <param name="NotBefore">When the newest send may be delivered first.</param>
/// <param name="BegunAt">When a handler began last; null if none did since the newest send.</param>
/// <param name="BegunSends">Sends since the last progress that a handler began and none ended.</param>
/// <param name="Stopped">A stop completed its message; it is sent anew after the resume.</param>
/// <param name="Cursor">Slices: batches released. Operations: unused, 0.</param>
/// <param name="Ended">Slices: released batches known to have ended, counted from the first.</param>
/// <param name="Planned">Slices: batches known to be written.</param>
/// <param name="Releasing">Slices: the message releases; before, it plans.</param>
/// <param name="Mark">Slices: <paramref name="Ended"/> and <paramref name="Ahead"/> together, as they stood at <paramref name="MarkedAt"/>.</param>
/// <param name="MarkedAt">Slices: when that was; a new mark is set after each minute or so of work.</param>
/// <param name="Ahead">Slices: released batches behind those that are known to have ended as well.</param>
/// <param name="Prior">Slices: the mark before <paramref name="Mark"/>.</param>
/// <param name="PriorAt">Slices: when that was.</param>
public sealed record Attempt(
    int Number, DateTimeOffset NotBefore, DateTimeOffset? BegunAt, int BegunSends, bool Stopped,
    int Cursor = 0, int Ended = 0, int Planned = 0, bool Releasing = false, int Mark = 0,
    DateTimeOffset? MarkedAt = null, int Ahead = 0, int Prior = 0, DateTimeOffset? PriorAt = null);

/// <summary>What a delivery is, against the newest send.</summary>
public enum DeliveryAge
{
    /// <summary>The newest send: it acts.</summary>
    Current,

    /// <summary>There is a newer one, which was sent once more; this one is completed.</summary>
    Older,
}

/// <summary>
/// Sends work and remembers it. Service Bus drops an id that it saw within its window, even when the first copy is dead,
/// so that each new send raises the number and thereby the id <c>&lt;work&gt;/&lt;number&gt;</c>.
/// </summary>
public sealed class Attempts(IObjectStore objects, IWorkQueue queue, TimeProvider time)
{
    /// <summary>
    /// Sends the work for the first time. Raised before the send: a crash between the two leaves a number that nobody
    /// sent, and whoever comes back finds the number taken and raises it. Returns the number sent.
    /// </summary>
    public async Task<int> SendFirstAsync(WorkAddress work, DateTimeOffset? notBefore, CancellationToken cancel)
    {
        var first = new Attempt(1, notBefore ?? time.GetUtcNow(), null, 0, Stopped: false);
        var mine = AttemptJson.Write(first);
        var stands = await objects.WriteOnceAsync(work.AttemptName, mine, cancel);
        if (stands.Content.Span.SequenceEqual(mine))
        {
            await EnqueueAsync(work, first, cancel);
            return 1;
        }

        return (await SendAgainAsync(work, notBefore, static attempt => attempt, cancel)).Number;
    }

    /// <summary>Raises the number, applies <paramref name="change"/> to what is remembered, and sends.</summary>
    public async Task<Attempt> SendAgainAsync(
        WorkAddress work, DateTimeOffset? notBefore, Func<Attempt, Attempt> change, CancellationToken cancel)
    {
        var raised = await ChangeAsync(
            work, attempt => change(attempt) with
            {
                Number = attempt.Number + 1,
                NotBefore = notBefore ?? time.GetUtcNow(),
                BegunAt = null,
                Stopped = false,
            }, cancel);
        await EnqueueAsync(work, raised, cancel);
        return raised;
    }

    /// <summary>
    /// A handler begins. An older message sends the newest attempt again under its own id, in case the crash that left
    /// two of them lost that one; a copy is dropped as a duplicate or finds the work done.
    /// </summary>
    public async Task<DeliveryAge> BeginAsync(WorkAddress work, int number, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        Attempt? older = null;
        await ChangeAsync(
            work, attempt =>
            {
                older = attempt.Number > number ? attempt : null;
                return older is not null ? attempt : attempt with
                {
                    BegunAt = now,
                    BegunSends = attempt.BegunAt is null ? attempt.BegunSends + 1 : attempt.BegunSends,
                };
            }, cancel);
        if (older is null)
        {
            return DeliveryAge.Current;
        }

        await EnqueueAsync(work, older, cancel);
        return DeliveryAge.Older;
    }

    /// <summary>Null if the work was never sent.</summary>
    public async Task<Attempt?> FindAsync(WorkAddress work, CancellationToken cancel) =>
        await objects.ReadAsync(work.AttemptName, cancel) is { } stands ? AttemptJson.Read(stands.Content) : null;

    /// <summary>Changes what is remembered, under its version, until it was the newest that was changed.</summary>
    public async Task<Attempt> ChangeAsync(
        WorkAddress work, Func<Attempt, Attempt> change, CancellationToken cancel)
    {
        while (true)
        {
            var stands = await objects.ReadAsync(work.AttemptName, cancel)
                ?? await objects.WriteOnceAsync(
                    work.AttemptName, AttemptJson.Write(new(0, time.GetUtcNow(), null, 0, false)), cancel);
            var before = AttemptJson.Read(stands.Content);
            var after = change(before);
            if (after == before
                || await objects.ReplaceAsync(work.AttemptName, AttemptJson.Write(after), stands.Version, cancel)
                    is not null)
            {
                return after;
            }
        }
    }

    private Task EnqueueAsync(WorkAddress work, Attempt attempt, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var message = new WorkMessage(work.Kind, work.Id, work.Slice, attempt.Number);
        return queue.SendAsync(
            work.Queue,
            [new($"{work.MessageStem}/{attempt.Number}", message.Encode(), attempt.NotBefore > now ? attempt.NotBefore : null)],
            cancel);
    }
}

/// <summary>A piece of work that messages name.</summary>
/// <param name="Kind">operation or slice.</param>
/// <param name="Id">The operation, or the scan of the slice.</param>
/// <param name="Slice">The slice; 0 for operations.</param>
public sealed record WorkAddress(string Kind, Guid Id, int Slice)
{
    /// <summary>An operation.</summary>
    public static WorkAddress OfOperation(Guid operation) => new(WorkMessage.OperationKind, operation, 0);

    /// <summary>A slice of a scan, planning or releasing.</summary>
    public static WorkAddress OfSlice(Guid scan, int slice) => new(WorkMessage.SliceKind, scan, slice);

    /// <summary>Where its <see cref="Attempt"/> is.</summary>
    public string AttemptName =>
        Kind == WorkMessage.SliceKind ? ObjectNames.Slice(Id, Slice) : ObjectNames.Attempt(Id);

    /// <summary>Its queue.</summary>
    public string Queue => Kind == WorkMessage.SliceKind ? QueueNames.Slices : QueueNames.Operations;

    /// <summary>What its message ids begin with.</summary>
    public string MessageStem => Kind == WorkMessage.SliceKind ? $"{Id:D}.{Slice:D4}" : $"{Id:D}";
}

internal static class AttemptJson
{
    public static byte[] Write(Attempt attempt) =>
        JsonSerializer.SerializeToUtf8Bytes(attempt, AttemptJsonContext.Default.Attempt);

    public static Attempt Read(ReadOnlyMemory<byte> content) =>
        JsonSerializer.Deserialize(content.Span, AttemptJsonContext.Default.Attempt)
        ?? throw new FormatException("An attempt object holds null.");
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Attempt))]
internal sealed partial class AttemptJsonContext : JsonSerializerContext;
