namespace RetentionPipeline.Ledger;

/// <summary>The log contradicts itself. Stop; never repair silently.</summary>
public class LedgerCorruptException(string message) : Exception(message);

/// <summary>A write-once name of the log holds other bytes than the journal says: the log has forked.</summary>
public sealed class LedgerForkException(string name)
    : LedgerCorruptException($"FORK: '{name}' holds other bytes than the commit journal demands. The integrator stops.");
