using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Whether a scan's operations may act. Scanning answers; this room need not know how.</summary>
public interface IReleaseGate
{
    /// <summary>Read now, not remembered: a release stands for ever, a closing too.</summary>
    Task<ReleaseState> StateAsync(Guid scan, CancellationToken cancel);
}

/// <summary>Where a scan stands for its operations.</summary>
public enum ReleaseState
{
    /// <summary>No verdict or decision lets it act.</summary>
    NotReleased,

    /// <summary>Its operations may act.</summary>
    Released,

    /// <summary>Everything about it has ended.</summary>
    Closed,
}

/// <summary>The steps of an operation, in the order of the protocol.</summary>
/// <param name="Batches">What was planned.</param>
/// <param name="Intents">Step 3.</param>
/// <param name="Acts">Steps 4 and 5.</param>
/// <param name="Outcomes">Step 6.</param>
public sealed record EraseSteps(WorkBatches Batches, IntentWriter Intents, ActRunner Acts, OutcomeWriter Outcomes);

/// <summary>
/// Carries out one operation: the protocol's steps 3 to 6, in this order. Everything may happen twice, and each step
/// says what the second time does.
/// </summary>
public sealed partial class EraseHandler(
    EraseSteps steps, IReleaseGate gate, IScanSubjects subjects, Attempts attempts, EraseBounds bounds,
    ILogger<EraseHandler> logger)
{
    /// <summary>
    /// Handles one delivery. Returns when the message may be completed; throws <see cref="UnprocessableWorkException"/>
    /// for a message that names nothing, and anything else where it should come again.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="cancel">
    /// The host ends or the lock is lost: a stop. It ends calls before the first act only; afterwards the record in
    /// flight is finished, the results are written and the rest is deferred.
    /// </param>
    public async Task HandleAsync(WorkMessage message, CancellationToken cancel)
    {
        var address = WorkAddress.OfOperation(message.Id);
        var batch = await steps.Batches.FindAsync(message.Id, cancel)
            ?? throw new UnprocessableWorkException("operation-unknown");

        switch (await gate.StateAsync(batch.Scan, cancel))
        {
            case ReleaseState.Closed:
                return;
            case ReleaseState.NotReleased:
                LogNotReleased(message.Id);
                return;
        }

        var results = await steps.Outcomes.FindAsync(message.Id, cancel);
        if (results is null)
        {
            if (await attempts.BeginAsync(address, message.Attempt, cancel) is DeliveryAge.Older)
            {
                return;
            }

            if (await bounds.MustWaitAsync(batch, address, cancel) is WaitAnswer.SentBack)
            {
                return;
            }

            var wanted = batch.Rule == Rule.Request ? await subjects.FindSubjectsAsync(batch.Scan, cancel) : null;

            // Evidence before the act: openings, intent, lane.
            var holdVersion = await steps.Acts.ReadHoldVersionAsync(cancel);
            var intent = await steps.Intents.MakeDurableAsync(batch, holdVersion, wanted?.Epochs, cancel);

            // Act and observe.
            var facts = await steps.Acts.RunAsync(batch, wanted, cancel);

            // From here on no token of the host's is passed: what was done must be told.
            results = await bounds.PersistAsync(cancel => steps.Outcomes.WriteAsync(batch, intent, facts, cancel));
        }

        await bounds.PersistAsync(async cancel =>
        {
            await steps.Outcomes.FinishAsync(batch, results, cancel);
            return results;
        });
    }

    [LoggerMessage(
        2002, LogLevel.Error, "Operation {Operation} was delivered, but its scan is not released; nothing was done")]
    private partial void LogNotReleased(Guid operation);
}
