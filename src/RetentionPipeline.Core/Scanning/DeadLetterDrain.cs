using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>A dead letter, as a row. The body is sealed and goes after P30D.</summary>
/// <param name="Queue">Where it died.</param>
/// <param name="Reason">Constant code.</param>
/// <param name="Hash">SHA-256 of the body, lowercase hex.</param>
/// <param name="WorkId">The operation or scan that it names; null if it cannot be read.</param>
/// <param name="At">When it was drained.</param>
/// <param name="Body">Sealed; null for one that is too large for a row.</param>
public sealed record DeadLetterRow(
    string Queue, string Reason, string Hash, Guid? WorkId, DateTimeOffset At, byte[]? Body);

/// <summary>
/// Turns each dead letter into a row at once, then completes it: dead letters cannot be edited, and nobody looks there.
/// The work that it named is the reconciler's; a message that names none was a foreign or damaged one.
/// </summary>
public sealed partial class DeadLetterDrain(
    IRowStore rows, ObjectSealer sealer, TimeProvider time, ILogger<DeadLetterDrain> logger)
{
    /// <summary>Partition of the rows.</summary>
    public const string Partition = "dead-letters";

    private const int LargestKept = 15_000;

    /// <summary>Writes the row; the same letter twice is one row.</summary>
    public async Task HandleAsync(ReceivedMessage letter, CancellationToken cancel)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(letter.Body.Span));
        var id = Convert.ToHexStringLower(SHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes($"{letter.Queue}\n{letter.Id}\n{hash}")))[..32];
        Guid? work = null;
        try
        {
            work = WorkMessage.Decode(letter.Body).Id;
        }
        catch (UnprocessableWorkException)
        {
            // The row says what it was by its hash and its reason.
        }

        var body = letter.Body.Length <= LargestKept ? await sealer.SealAsync(id, letter.Body, cancel) : null;
        var reason = letter.DeadLetterReason ?? "unknown";
        var row = new DeadLetterRow(letter.Queue, reason, hash, work, time.GetUtcNow(), body);
        LogDeadLetter(letter.Queue, reason, work);
        await rows.CommitAsync(
            Partition,
            [new RowWrite.Insert(id, JsonSerializer.Serialize(row, ScanningJsonContext.Default.DeadLetterRow))], cancel);
    }

    [LoggerMessage(1010, LogLevel.Error, "A message of queue {Queue} is dead: {Reason}; work {Work}")]
    private partial void LogDeadLetter(string queue, string reason, Guid? work);
}
