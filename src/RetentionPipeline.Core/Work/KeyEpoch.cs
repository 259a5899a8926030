using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Work;

/// <summary>Where an epoch of the pseudonyms' key stands. Only ever goes on to the next one.</summary>
public enum KeyEpochState
{
    /// <summary>Its key and its leaf are being made; nothing is pseudonymised under it.</summary>
    Making,

    /// <summary>In use: the newest one for what is new, the others for finding what is old.</summary>
    Live,

    /// <summary>Nobody may use it any more; its key is not gone for good.</summary>
    Destroying,

    /// <summary>Its key is gone for good; the log does not say so yet.</summary>
    Gone,

    /// <summary>Its key is gone for good, and the log says so.</summary>
    Destroyed,
}

/// <summary>An epoch of the pseudonyms' key.</summary>
/// <param name="Number">From 1 on, each once.</param>
/// <param name="State">Where it stands.</param>
/// <param name="MadeAt">When it was begun.</param>
public sealed record KeyEpoch(int Number, KeyEpochState State, DateTimeOffset MadeAt)
{
    /// <summary>
    /// How long after the decision to destroy it some instance may still hold its key in memory: the leaf waits for that.
    /// Twice what an instance remembers it for (<see cref="EpochKeys.Remembers"/>).
    /// </summary>
    public static readonly TimeSpan CachesDropIt = TimeSpan.FromMinutes(10);

    /// <summary>When it was first there to be used; null before, and in a row from before this was kept.</summary>
    public DateTimeOffset? LiveAt { get; init; }

    /// <summary>From when on every instance has it, and takes nothing in under an older one any more.</summary>
    [JsonIgnore]
    public DateTimeOffset UsedByAllAt => (LiveAt ?? MadeAt) + CachesDropIt;

    /// <summary>When its destruction was decided; null before.</summary>
    public DateTimeOffset? AskedAt { get; init; }

    /// <summary>Until when its deleted key could, or can, be recovered; null where it went at once, or is not deleted.</summary>
    public DateTimeOffset? RecoverableUntil { get; init; }

    /// <summary>When it was seen that its key is gone for good; null before.</summary>
    public DateTimeOffset? GoneAt { get; init; }

    /// <summary>From when on the log may say that it is destroyed; null before its key is gone.</summary>
    [JsonIgnore]
    public DateTimeOffset? DestroyedAt => GoneAt is { } gone && AskedAt is { } asked ? TellableFrom(asked, gone) : null;

    /// <summary>From when on the log may say that a key is destroyed: it is gone, and out of every memory.</summary>
    internal static DateTimeOffset TellableFrom(DateTimeOffset asked, DateTimeOffset gone) =>
        gone > asked + CachesDropIt ? gone : asked + CachesDropIt;

    /// <summary>The leaf that says that it was made: the same bytes each time.</summary>
    internal byte[] MadeLeaf() => Encode("made", MadeAt, []);

    /// <summary>The leaf that says that it is destroyed: the same bytes each time.</summary>
    internal byte[] DestroyedLeaf()
    {
        var body = new JsonObject { ["askedAt"] = LeafTime.Text(AskedAt!.Value) };
        if (RecoverableUntil is { } until)
        {
            body["recoverableUntil"] = LeafTime.Text(until);
        }

        return Encode("destroyed", DestroyedAt!.Value, body);
    }

    private byte[] Encode(string change, DateTimeOffset at, JsonObject body)
    {
        body["epoch"] = Number;
        return Leaf.Encode(LeafTypes.KeyEpoch, Number.ToString(CultureInfo.InvariantCulture), change, at, body);
    }
}

/// <summary>The rows of the epochs.</summary>
public sealed class EpochTable(IRowStore rows)
{
    private const string Partition = "key-epochs";

    /// <summary>All of them, the newest last; none before the first is made.</summary>
    public async Task<IReadOnlyList<KeyEpoch>> ListAsync(CancellationToken cancel) =>
        [.. (await ListEntriesAsync(cancel)).Select(entry => entry.Epoch)];

    internal async Task<IReadOnlyList<EpochEntry>> ListEntriesAsync(CancellationToken cancel)
    {
        var found = new List<EpochEntry>();
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            found.Add(Read(row));
        }

        return found;
    }

    internal async Task<EpochEntry?> FindAsync(int number, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, Name(number), cancel) is { } row ? Read(row) : null;

    /// <summary>Conflict: somebody else made it.</summary>
    internal Task<RowCommit> InsertAsync(KeyEpoch epoch, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Insert(Name(epoch.Number), Write(epoch))], cancel);

    /// <summary>Conflict: somebody else changed it; read again.</summary>
    internal Task<RowCommit> ReplaceAsync(EpochEntry entry, KeyEpoch epoch, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Replace(Name(epoch.Number), Write(epoch), entry.Version)], cancel);

    private static string Name(int number) => number.ToString("D4", CultureInfo.InvariantCulture);

    private static string Write(KeyEpoch epoch) => JsonSerializer.Serialize(epoch, EpochJson.Default.KeyEpoch);

    private static EpochEntry Read(StoredRow row) => new(
        JsonSerializer.Deserialize(row.Text, EpochJson.Default.KeyEpoch) ?? throw new FormatException("An epoch's row holds null."), row.Version);
}

/// <summary>An epoch and the version that it was read at.</summary>
internal sealed record EpochEntry(KeyEpoch Epoch, string Version);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(KeyEpoch))]
internal sealed partial class EpochJson : JsonSerializerContext;
