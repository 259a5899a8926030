using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// The openings of one intent: with them a record can be shown to be in the batch, without them its commitment says
/// nothing. Salts are random, so they are written once, before the intent, and read by every later delivery.
/// </summary>
/// <param name="Epoch">Epoch of the pseudonyms.</param>
/// <param name="Entries">One per record, in the batch's order.</param>
public sealed record BatchOpenings(int Epoch, IReadOnlyList<RecordOpening> Entries);

/// <summary>Opens one commitment.</summary>
/// <param name="Salt">32 random bytes.</param>
/// <param name="Record">Pseudonym of the record.</param>
/// <param name="Subjects">Each with a salt of its own, so that one person's opening shows no other person.</param>
/// <param name="Version">The version that the scan saw.</param>
public sealed record RecordOpening(
    byte[] Salt, string Record, IReadOnlyList<SubjectOpening> Subjects, string Version)
{
    /// <summary>Its commitment: the leaf hash of the intent's root as it is.</summary>
    public byte[] Commit() => Commit(Salt, Record, Subjects.Select(subject => subject.Commit()), Version);

    /// <summary>
    /// The commitment: SHA-256(0x00 ‖ salt ‖ JCS({record, subjects, version})), where subjects is the sorted list of
    /// hex SHA-256(0x00 ‖ salt_s ‖ pseudonym), so that a subject can be hidden behind its hash.
    /// </summary>
    public static byte[] Commit(byte[] salt, string record, IEnumerable<string> subjects, string version)
    {
        var text = Jcs.Encode(new JsonObject
        {
            ["record"] = record,
            ["subjects"] = new JsonArray([.. subjects.Order(StringComparer.Ordinal).Select(hash => (JsonNode)hash)]),
            ["version"] = version,
        });
        return SHA256.HashData([0, .. salt, .. text]);
    }
}

/// <summary>Reads and makes openings.</summary>
public sealed class OpeningsBook(IObjectStore objects, Pseudonyms pseudonyms)
{
    private const int SaltLength = 32;

    /// <summary>The openings of the batch, made now if nobody made them before.</summary>
    public async Task<BatchOpenings> GetOrMakeAsync(WorkBatch batch, CancellationToken cancel)
    {
        if (await FindAsync(batch.Operation, cancel) is { } made)
        {
            return made;
        }

        const int epoch = Pseudonyms.CurrentEpoch;
        var entries = new List<RecordOpening>(batch.Entries.Count);
        foreach (var entry in batch.Entries)
        {
            var subjects = new List<SubjectOpening>(entry.Subjects.Count);
            foreach (var subject in entry.Subjects)
            {
                subjects.Add(new(
                    RandomNumberGenerator.GetBytes(SaltLength),
                    await pseudonyms.OfSubjectAsync(epoch, subject.Kind, subject.Value, cancel)));
            }

            var record = await pseudonyms.OfRecordAsync(epoch, batch.Dataset, entry.Key.Canonical, cancel);
            entries.Add(new(RandomNumberGenerator.GetBytes(SaltLength), record, subjects, entry.Version));
        }

        var mine = JsonSerializer.SerializeToUtf8Bytes(
            new BatchOpenings(epoch, entries), ErasureJsonContext.Default.BatchOpenings);
        return Read(await objects.WriteOnceAsync(ObjectNames.Openings(batch.Operation), mine, cancel));
    }

    /// <summary>Null if the operation never reached its intent, or its openings were forgotten.</summary>
    public async Task<BatchOpenings?> FindAsync(Guid operation, CancellationToken cancel) =>
        await objects.ReadAsync(ObjectNames.Openings(operation), cancel) is { } stands ? Read(stands) : null;

    private static BatchOpenings Read(StoredObject stands) =>
        JsonSerializer.Deserialize(stands.Content.Span, ErasureJsonContext.Default.BatchOpenings)
        ?? throw new FormatException("An openings object holds null.");
}
