using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Holds;

/// <summary>
/// Places and releases holds. Placing: the row (in force from the next reading on), then the leaf. Releasing: the leaf,
/// then the row. The leaf's bytes stand in the row, so that a reconciler completes either with the same bytes.
/// </summary>
public sealed class HoldDesk(HoldTable table, Pseudonyms pseudonyms, LaneWriter lanes, TimeProvider time)
{
    private static readonly IReadOnlyDictionary<string, byte[]> NoLeaves = new Dictionary<string, byte[]>();

    /// <summary>Id of a hold by the name that it was given: placing it twice is placing it once.</summary>
    public static Guid IdOf(string name) => DerivedId.Of(new Guid("9d0b4b8e-5f0d-4d65-8a0a-9f1d8f6f7b01"), "hold", name);

    /// <summary>Places a hold; one of that name that is in force already is returned as it is.</summary>
    /// <param name="name">A matter number; never a person's name.</param>
    /// <param name="scope">What it covers.</param>
    /// <param name="reason">Coded.</param>
    /// <param name="actor">Who places it; a pseudonym goes into the leaf's opening, never the name.</param>
    /// <param name="cancel">Ends the calls.</param>
    public async Task<Hold> PlaceAsync(
        string name, HoldScope scope, string reason, string actor, CancellationToken cancel)
    {
        var id = IdOf(name);
        while (true)
        {
            var before = await table.FindAsync(id, cancel);
            if (before is { Hold.InForce: true })
            {
                await AppendAsync(before, LeafTypes.Hold, cancel);
                return before.Hold;
            }

            if (before is not null)
            {
                throw new HoldNameTakenException(name);
            }

            var placedBy = await pseudonyms.OfActorAsync(actor, cancel);
            var entry = await table.RaiseAsync(
                version =>
                {
                    var hold = new Hold(id, name, scope, reason, HoldState.Pending, version, time.GetUtcNow());
                    var leaf = HoldLeaves.Placed(hold, time.GetUtcNow());
                    return new HoldEntry(hold, With(NoLeaves, LeafTypes.Hold, leaf), null, "") { PlacedBy = placedBy };
                },
                null, cancel);
            if (entry is not null)
            {
                await AppendAsync(entry, LeafTypes.Hold, cancel);
                return entry.Hold;
            }
        }
    }

    /// <summary>Takes a hold back; null if there is none of that name in force.</summary>
    public async Task<Hold?> ReleaseAsync(string name, CancellationToken cancel)
    {
        var (id, isBegun) = (IdOf(name), false);
        while (await table.FindAsync(id, cancel) is { } before)
        {
            if (!before.Hold.InForce)
            {
                // What was begun here, the pass of another process may have completed.
                return isBegun ? before.Hold : null;
            }

            var releasing = before;
            if (before.Hold.State is not HoldState.Releasing)
            {
                releasing = before with
                {
                    Hold = before.Hold with { State = HoldState.Releasing },
                    Leaves = With(before.Leaves, LeafTypes.HoldReleased, HoldLeaves.Released(before.Hold, time.GetUtcNow())),
                };
                if (await table.ReplaceAsync(releasing, cancel) is RowCommit.Conflict)
                {
                    continue;
                }
            }

            isBegun = true;
            if (await CompleteReleaseAsync(id, cancel) is { } released)
            {
                return released;
            }
        }

        return null;
    }

    /// <summary>
    /// Goes on with a release: the leaf in the lanes, then the row with a raised version, so that an act under that
    /// version or a later one is known to have come after it. From then on the row names nobody but by pseudonym.
    /// </summary>
    internal async Task<Hold?> CompleteReleaseAsync(Guid id, CancellationToken cancel)
    {
        if (await table.FindAsync(id, cancel) is not { Hold.State: HoldState.Releasing } entry)
        {
            return null;
        }

        await AppendAsync(entry, LeafTypes.HoldReleased, cancel);
        var scope = entry.Hold.Scope;
        var released = entry.Hold with
        {
            State = HoldState.Released,
            Scope = scope.WithoutNames(),
            Names = await scope.NameAsync(pseudonyms, cancel),
        };
        var done = await table.RaiseAsync(_ => entry with { Hold = released, Barrier = null }, entry.RowVersion, cancel);
        return done?.Hold;
    }

    internal Task AppendAsync(HoldEntry entry, string type, CancellationToken cancel) =>
        lanes.AppendAsync([entry.Leaves[type]], cancel);

    internal static IReadOnlyDictionary<string, byte[]> With(
        IReadOnlyDictionary<string, byte[]> leaves, string type, byte[] leaf) =>
        new Dictionary<string, byte[]>(leaves) { [type] = leaf };
}

/// <summary>A released hold keeps its name: its leaves stand in the log under it.</summary>
public sealed class HoldNameTakenException(string name)
    : Exception($"A hold named '{name}' was placed and released before. Give the new one another name.");

/// <summary>The leaves of a hold. They name datasets and codes; persons and records only by their number.</summary>
internal static class HoldLeaves
{
    public static byte[] Placed(Hold hold, DateTimeOffset at)
    {
        var body = new JsonObject
        {
            ["reason"] = hold.Reason,
            ["scope"] = hold.Scope switch
            {
                HoldScope.OfDataset => "dataset",
                HoldScope.OfSubject => "subject",
                _ => "record",
            },
            ["version"] = hold.Version,
        };
        if (hold.Scope is HoldScope.OfDataset { Dataset: var dataset })
        {
            body["dataset"] = dataset;
        }
        else if (hold.Scope is HoldScope.OfRecord { Dataset: var ofRecord })
        {
            body["dataset"] = ofRecord;
        }

        return Leaf.Encode(LeafTypes.Hold, hold.Id.ToString("D"), "", at, body);
    }

    public static byte[] Effective(Hold hold, long treeSize, DateTimeOffset at) => Leaf.Encode(
        LeafTypes.HoldEffective, hold.Id.ToString("D"), "", at,
        new JsonObject { ["size"] = treeSize, ["version"] = hold.Version });

    public static byte[] Released(Hold hold, DateTimeOffset at) => Leaf.Encode(
        LeafTypes.HoldReleased, hold.Id.ToString("D"), "", at, new JsonObject { ["placed"] = hold.Version });
}
