using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// The openings of one intent: with them a record can be shown to be in the batch, without them its commitment says
/// nothing. Salts are random, so they are written once, before the intent, and read by every later delivery.
/// </summary>
/// <param name="Epoch">Epoch of the pseudonyms; of a request's task the newest of them.</param>
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
    private const int Fixed = 64;
    private const int HashInList = 67;
    private const int ShortInput = 1024;

    /// <summary>All that is left of one that was forgotten: its commitment. Null of any other.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? Commitment { get; init; }

    /// <summary>The run that forgot it; null of one that stands.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? ForgottenBy { get; init; }

    /// <summary>It, or somebody in it, was forgotten.</summary>
    [JsonIgnore]
    public bool HasForgotten => Commitment is not null || Subjects.Any(subject => subject.Hash is not null);

    /// <summary>Whether that run took something out of it.</summary>
    public bool IsTouchedBy(Guid run) => ForgottenBy == run || Subjects.Any(subject => subject.ForgottenBy == run);

    /// <summary>
    /// What is left once a run has forgotten these persons: itself where it names none of them. Of one that names others too
    /// their part stays; one that names nobody else becomes its commitment, so that its neighbours still prove.
    /// </summary>
    public RecordOpening Forget(IReadOnlySet<string> persons, Guid run)
    {
        if (!Subjects.Any(subject => persons.Contains(subject.Pseudonym)))
        {
            return this;
        }

        var left = Subjects.Select(subject => persons.Contains(subject.Pseudonym) ? subject.Forget(run) : subject).ToList();
        return left.TrueForAll(subject => subject.Hash is not null)
            ? new([], "", [], "") { Commitment = Commit(), ForgottenBy = run }
            : this with { Subjects = left };
    }

    /// <summary>Its commitment: the leaf hash of the intent's root as it is.</summary>
    public byte[] Commit() => Commitment ?? Commit(Salt, Record, Subjects.Select(subject => subject.Commit()), Version);

    /// <summary>
    /// The commitment: SHA-256(0x00 ‖ salt ‖ JCS({record, subjects, version})), where subjects is the sorted list of
    /// hex SHA-256(0x00 ‖ salt_s ‖ pseudonym), so that a subject can be hidden behind its hash.
    /// </summary>
    public static byte[] Commit(byte[] salt, string record, IEnumerable<string> subjects, string version)
    {
        // Written by hand, since it is made for each record of a job: keys in order, hashes need no escapes.
        string[] hashes = [.. subjects.Order(StringComparer.Ordinal)];
        var most = 1 + salt.Length + Fixed + Jcs.MaxLength(record) + Jcs.MaxLength(version) + (hashes.Length * HashInList);
        var input = most <= ShortInput ? stackalloc byte[ShortInput] : new byte[most];
        input[0] = 0;
        salt.CopyTo(input[1..]);
        var length = 1 + salt.Length;
        Add(input, "{\"record\":"u8, ref length);
        length += Jcs.WriteString(record, input[length..]);
        Add(input, ",\"subjects\":["u8, ref length);
        foreach (var (place, hash) in hashes.Index())
        {
            Add(input, place == 0 ? "\""u8 : ",\""u8, ref length);
            length += Encoding.ASCII.GetBytes(hash, input[length..]);
            Add(input, "\""u8, ref length);
        }

        Add(input, "],\"version\":"u8, ref length);
        length += Jcs.WriteString(version, input[length..]);
        Add(input, "}"u8, ref length);
        return SHA256.HashData(input[..length]);
    }

    private static void Add(Span<byte> input, ReadOnlySpan<byte> text, ref int length)
    {
        text.CopyTo(input[length..]);
        length += text.Length;
    }
}

/// <summary>Reads and makes openings.</summary>
public sealed class OpeningsBook(IObjectStore objects, Pseudonyms pseudonyms)
{
    /// <summary>The openings of the batch, made now if nobody made them before.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="asked">
    /// Epochs of the requests that it serves: their evidence finds its persons under these, whatever epoch has begun since.
    /// Null, or none that is live: the newest one. One that is live without a key is waited for.
    /// </param>
    /// <param name="cancel">Ends the calls.</param>
    public async Task<BatchOpenings> GetOrMakeAsync(WorkBatch batch, IReadOnlyList<int>? asked, CancellationToken cancel)
    {
        if (await FindAsync(batch.Operation, cancel) is { } made)
        {
            return made;
        }

        var epochs = await EpochsAsync(asked, cancel);
        var epoch = epochs[^1];
        var entries = new List<RecordOpening>(batch.Entries.Count);
        var salts = new Salts(batch.Entries.Sum(entry => 1 + (entry.Subjects.Count * epochs.Count)));
        foreach (var entry in batch.Entries)
        {
            var subjects = new List<SubjectOpening>(entry.Subjects.Count * epochs.Count);
            foreach (var subject in entry.Subjects)
            {
                foreach (var under in epochs)
                {
                    subjects.Add(new(salts.Next(), await pseudonyms.OfSubjectAsync(under, subject.Kind, subject.Value, cancel)));
                }
            }

            var record = await pseudonyms.OfRecordAsync(epoch, batch.Dataset, entry.Key.Canonical, cancel);
            entries.Add(new(salts.Next(), record, subjects, entry.Version));
        }

        var mine = JsonSerializer.SerializeToUtf8Bytes(
            new BatchOpenings(epoch, entries), ErasureJsonContext.Default.BatchOpenings);
        return Read(await objects.WriteOnceAsync(ObjectNames.Openings(batch.Operation), mine, cancel));
    }

    private async Task<IReadOnlyList<int>> EpochsAsync(IReadOnlyList<int>? asked, CancellationToken cancel)
    {
        var live = asked is null ? [] : await pseudonyms.LiveEpochsAsync(asked.Contains, cancel);
        return live.Count > 0 ? live : [await pseudonyms.CurrentEpochAsync(cancel)];
    }

    /// <summary>Null if the operation never reached its intent, or its openings were forgotten.</summary>
    public async Task<BatchOpenings?> FindAsync(Guid operation, CancellationToken cancel) =>
        await objects.ReadAsync(ObjectNames.Openings(operation), cancel) is { } stands ? Read(stands) : null;

    /// <summary>
    /// Takes these persons out of the openings of an operation; every commitment stays. Returns how many of its records that
    /// run has touched, also before: whoever comes again after a crash counts the same.
    /// </summary>
    public async Task<int> ForgetAsync(Guid operation, IReadOnlySet<string> persons, Guid run, CancellationToken cancel)
    {
        var name = ObjectNames.Openings(operation);
        while (await objects.ReadAsync(name, cancel) is { } stands)
        {
            var opened = Read(stands);
            var left = opened with { Entries = [.. opened.Entries.Select(entry => entry.Forget(persons, run))] };
            if (left.Entries.SequenceEqual(opened.Entries, ReferenceEqualityComparer.Instance)
                || await objects.ReplaceAsync(
                    name, JsonSerializer.SerializeToUtf8Bytes(left, ErasureJsonContext.Default.BatchOpenings), stands.Version, cancel) is not null)
            {
                return left.Entries.Count(entry => entry.IsTouchedBy(run));
            }
        }

        return 0;
    }

    private static BatchOpenings Read(StoredObject stands) =>
        JsonSerializer.Deserialize(stands.Content.Span, ErasureJsonContext.Default.BatchOpenings)
        ?? throw new FormatException("An openings object holds null.");
}
