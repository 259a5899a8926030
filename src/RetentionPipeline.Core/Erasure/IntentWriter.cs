using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Erasure;

/// <summary>An intent that stands in the log's lanes: nothing is acted on before it.</summary>
/// <param name="Commitments">One per record, in the batch's order.</param>
public sealed record DurableIntent(IReadOnlyList<byte[]> Commitments);

/// <summary>Step 3 of the protocol: openings once, intent bytes once, the same bytes to the lane at every delivery.</summary>
public sealed class IntentWriter(IObjectStore objects, OpeningsBook openings, LaneWriter lanes, TimeProvider time)
{
    /// <summary>
    /// Makes the intent durable. A crash before the append leaves openings, maybe an intent object, and no effect; the
    /// next delivery appends the same bytes. A crash after it leaves an open intent.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="holdVersion">Version of the holds.</param>
    /// <param name="epochs">Of the requests that it serves; null where it serves none.</param>
    /// <param name="cancel">Ends the calls.</param>
    public async Task<DurableIntent> MakeDurableAsync(
        WorkBatch batch, long holdVersion, IReadOnlyList<int>? epochs, CancellationToken cancel)
    {
        var opened = await openings.GetOrMakeAsync(batch, epochs, cancel);
        var commitments = opened.Entries.Select(entry => entry.Commit()).ToList();
        var stands = await objects.WriteOnceAsync(
            ObjectNames.Intent(batch.Operation), Encode(batch, opened.Epoch, commitments, holdVersion), cancel);
        await lanes.AppendAsync([stands.Content], cancel);
        return new DurableIntent(commitments);
    }

    private byte[] Encode(WorkBatch batch, int epoch, IReadOnlyList<byte[]> commitments, long holdVersion)
    {
        var body = new JsonObject
        {
            ["action"] = batch.Action.ToString().ToLowerInvariant(),
            ["count"] = commitments.Count,
            ["cutOff"] = LeafTime.Text(batch.CutOffAt),
            ["dataset"] = batch.Dataset,
            ["epoch"] = epoch,
            ["holds"] = holdVersion,
            ["policy"] = batch.Policy,
            ["root"] = Convert.ToHexStringLower(MerkleTree.Root(commitments)),
            ["rule"] = batch.Rule,
            ["scan"] = batch.Scan.ToString("D"),
        };
        if (batch.Parent is { } parent)
        {
            body["parent"] = parent.ToString("D");
        }

        return Leaf.Encode(LeafTypes.Intent, batch.Operation.ToString("D"), "", time.GetUtcNow(), body);
    }
}
