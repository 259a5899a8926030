using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// The end of an operator's key (<c>hmac</c>, <c>shift-date</c>): once it is decided nothing runs under that key any more,
/// and it is not made anew. The row stays for ever.
/// </summary>
/// <param name="Key">Name of the key, as policies write it.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="AskedAt">When its destruction was decided.</param>
public sealed record OperatorKeyEnd(string Key, int Epoch, DateTimeOffset AskedAt)
{
    /// <summary>Until when its deleted secret could, or can, be recovered; null where it went at once, or is not deleted.</summary>
    public DateTimeOffset? RecoverableUntil { get; init; }

    /// <summary>When it was seen that the secret is gone for good; null before.</summary>
    public DateTimeOffset? GoneAt { get; init; }

    /// <summary>Whether the log says so.</summary>
    public bool IsTold { get; init; }

    /// <summary>Which key it is.</summary>
    [JsonIgnore]
    internal KeyUse Use => new(Key, Epoch);

    /// <summary>From when on the log may say that it is destroyed; null before the secret is gone.</summary>
    [JsonIgnore]
    public DateTimeOffset? TellableAt => GoneAt is { } gone ? KeyEpoch.TellableFrom(AskedAt, gone) : null;

    /// <summary>The leaf that says so: the same bytes each time.</summary>
    internal byte[] Leaf()
    {
        var body = new JsonObject { ["askedAt"] = LeafTime.Text(AskedAt), ["epoch"] = Epoch, ["key"] = Key };
        if (RecoverableUntil is { } until)
        {
            body["recoverableUntil"] = LeafTime.Text(until);
        }

        return RetentionPipeline.Ledger.Leaf.Encode(
            LeafTypes.KeyEpoch, string.Create(CultureInfo.InvariantCulture, $"{Key}.{Epoch}"), "destroyed", TellableAt!.Value, body);
    }
}

/// <summary>The rows of the keys that were, or are being, destroyed.</summary>
public sealed class OperatorKeyTable(IRowStore rows)
{
    private const string Partition = "operator-keys";

    /// <summary>All of them, by name and epoch.</summary>
    public async Task<IReadOnlyList<OperatorKeyEnd>> ListAsync(CancellationToken cancel) =>
        [.. (await ListEntriesAsync(cancel)).Select(entry => entry.End)];

    /// <summary>Null for a key that nobody decided to destroy.</summary>
    public async Task<OperatorKeyEnd?> FindAsync(KeyUse use, CancellationToken cancel) => (await FindEntryAsync(use, cancel))?.End;

    internal async Task<IReadOnlyList<OperatorKeyEntry>> ListEntriesAsync(CancellationToken cancel)
    {
        var found = new List<OperatorKeyEntry>();
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            found.Add(Read(row));
        }

        return found;
    }

    internal async Task<OperatorKeyEntry?> FindEntryAsync(KeyUse use, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, Name(use), cancel) is { } row ? Read(row) : null;

    /// <summary>Conflict: somebody else decided it.</summary>
    internal Task<RowCommit> InsertAsync(OperatorKeyEnd end, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Insert(Name(end.Use), Write(end))], cancel);

    /// <summary>Conflict: somebody else changed it; read again.</summary>
    internal Task<RowCommit> ReplaceAsync(OperatorKeyEntry entry, OperatorKeyEnd end, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Replace(Name(end.Use), Write(end), entry.Version)], cancel);

    private static string Name(KeyUse use) => string.Create(CultureInfo.InvariantCulture, $"{use.Key}-{use.Epoch:D4}");

    private static string Write(OperatorKeyEnd end) => JsonSerializer.Serialize(end, ErasureJsonContext.Default.OperatorKeyEnd);

    private static OperatorKeyEntry Read(StoredRow row) => new(
        JsonSerializer.Deserialize(row.Text, ErasureJsonContext.Default.OperatorKeyEnd) ?? throw new FormatException("The row of a key's end holds null."),
        row.Version);
}

/// <summary>The end of a key and the version that it was read at.</summary>
internal sealed record OperatorKeyEntry(OperatorKeyEnd End, string Version);
