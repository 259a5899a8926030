using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What an outside party is asked to vouch for.</summary>
/// <param name="Note">The published, signed checkpoint.</param>
public sealed record AnchorRequest(ReadOnlyMemory<byte> Note);

/// <summary>What it gave, already checked.</summary>
/// <param name="Bytes">As it is stored, for others to check.</param>
/// <param name="At">The time that it states.</param>
public sealed record AnchorProof(ReadOnlyMemory<byte> Bytes, DateTimeOffset At);

/// <summary>Kinds of outside parties.</summary>
public enum AnchorKind
{
    /// <summary>An RFC 3161 time stamp authority.</summary>
    TimeStamp,

    /// <summary>A witness by C2SP tlog-witness.</summary>
    Cosignature,
}

/// <summary>
/// An outside party. It is asked again after any failure; what it gives was checked before it is returned, and everything
/// that fails throws.
/// </summary>
public interface IAnchorAuthority
{
    /// <summary>Its name in leaves and file names: lowercase letters, digits, dots and hyphens.</summary>
    string Name { get; }

    /// <summary>What it gives.</summary>
    AnchorKind Kind { get; }

    /// <summary>Asks it.</summary>
    Task<AnchorProof> AnchorAsync(AnchorRequest request, CancellationToken cancel);
}

/// <summary>
/// Has the published checkpoint anchored by each outside party once an hour, stores what it gave, and says so in the log.
/// A party that fails costs nobody else anything: it is asked again after 1, 2, 4 … minutes, at most an hour, and each
/// failure shows. A crash between store and leaf leaves an anchor that no leaf names; the next hour's has one.
/// </summary>
public sealed partial class AnchorHandler(
    LogReader log, ITileStore tiles, LaneWriter lanes, IEnumerable<IAnchorAuthority> authorities, TimeProvider time,
    ILogger<AnchorHandler> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private readonly List<Party> parties = [.. authorities.Select(authority => new Party(authority))];

    /// <summary>One run; returns how many anchors were made. May run as often as one likes.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var made = 0;
        foreach (var party in parties.Where(party => time.GetUtcNow() >= party.NotBefore))
        {
            if (await log.NoteAsync(cancel) is not { } note)
            {
                break;
            }

            made += await AnchorAsync(party, note, cancel) ? 1 : 0;
        }

        return made;
    }

    private async Task<bool> AnchorAsync(Party party, ReadOnlyMemory<byte> note, CancellationToken cancel)
    {
        var authority = party.Authority;
        try
        {
            var size = Checkpoint.Parse(SignedNote.Parse(note.Span).Text).Size;
            var proof = await authority.AnchorAsync(new AnchorRequest(note), cancel);
            var stands = await tiles.WriteOnceAsync(NameOf(size, authority), proof.Bytes, cancel);
            if (stands.Span.SequenceEqual(proof.Bytes.Span))
            {
                await lanes.AppendAsync([Encode(size, authority, proof)], cancel);
            }

            (party.NotBefore, party.Failures) = (time.GetUtcNow() + Every, 0);
            return true;
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            var wait = TimeSpan.FromMinutes(Math.Min(1 << Math.Min(party.Failures, 6), 60));
            (party.NotBefore, party.Failures) = (time.GetUtcNow() + wait, party.Failures + 1);
            LogFailed(authority.Name, party.Failures, failure.GetType().Name, (int)wait.TotalMinutes);
            return false;
        }
    }

    /// <summary>Where an anchor is stored.</summary>
    public static string NameOf(long size, IAnchorAuthority authority) => NameOf(size, authority.Name, authority.Kind);

    internal static string NameOf(long size, string party, AnchorKind kind) =>
        $"anchors/{size}/{party}.{(kind is AnchorKind.TimeStamp ? "tsr" : "note")}";

    private static byte[] Encode(long size, IAnchorAuthority authority, AnchorProof proof) => Leaf.Encode(
        LeafTypes.Anchor, size.ToString(CultureInfo.InvariantCulture), authority.Name, proof.At, new JsonObject
        {
            ["hash"] = Convert.ToHexStringLower(SHA256.HashData(proof.Bytes.Span)),
            ["kind"] = authority.Kind is AnchorKind.TimeStamp ? AnchorRules.TimeStamp : AnchorRules.Witness,
            ["size"] = size,
        });

    [LoggerMessage(4010, LogLevel.Warning, "The outside party {Party} gave no anchor, {Failures} times in a row: {Error}; it is asked again in {Minutes} minutes")]
    private partial void LogFailed(string party, int failures, string error, int minutes);

    private sealed class Party(IAnchorAuthority authority)
    {
        public IAnchorAuthority Authority => authority;

        public DateTimeOffset NotBefore { get; set; }

        public int Failures { get; set; }
    }
}
