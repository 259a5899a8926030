using System.Text.RegularExpressions;

namespace RetentionPipeline.Ledger;

/// <summary>
/// The files of the published log that anybody may read, by the names of C2SP tlog-tiles: <c>checkpoint</c>, tiles and entry
/// bundles. Whoever misses a partial one reads the full one, as that specification says.
/// </summary>
public sealed partial class PublicLog(LogReader log, ITileStore tiles)
{
    /// <summary>Name of the checkpoint.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>Null for what is not there, and for every name that is none of the log's files.</summary>
    public async Task<ReadOnlyMemory<byte>?> FindAsync(string name, CancellationToken cancel) =>
        name == Checkpoint ? await log.NoteAsync(cancel)
        : TileName().IsMatch(name) ? await tiles.ReadAsync(name, cancel)
        : null;

    [GeneratedRegex("""\Atile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/(?:[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?\z""")]
    private static partial Regex TileName();
}
