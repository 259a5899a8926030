using System.Security.Cryptography;
using System.Text.Json;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Requests;

/// <summary>Who a request is about, under pseudonyms: opens the commitments of its accepted leaf.</summary>
/// <param name="Epoch">Epoch of the pseudonyms.</param>
/// <param name="Openings">One per identifier, in the order of the request.</param>
public sealed record RequestSubjects(int Epoch, IReadOnlyList<SubjectOpening> Openings);

/// <summary>
/// Keeps whose request it was when the identifiers themselves have gone, so that its evidence can show the person's
/// records and hide every other person in them. Salts are random: written once, before the leaf.
/// </summary>
public sealed class SubjectBook(IObjectStore objects, Pseudonyms pseudonyms)
{
    private const int SaltLength = 32;

    /// <summary>The epoch of the day, for a request that comes in now.</summary>
    public Task<int> EpochAsync(CancellationToken cancel) => pseudonyms.CurrentEpochAsync(cancel);

    /// <summary>The openings of the request, made now if nobody made them before.</summary>
    /// <param name="request">The request.</param>
    /// <param name="asked">
    /// Its epoch; where that was destroyed while it was parked, the one of the day. One that is live without a key is waited for.
    /// </param>
    /// <param name="identifiers">The person's.</param>
    /// <param name="cancel">Ends the calls.</param>
    public async Task<RequestSubjects> GetOrMakeAsync(
        Guid request, int asked, IReadOnlyList<SubjectIdentifier> identifiers, CancellationToken cancel)
    {
        if (await FindAsync(request, cancel) is { } made)
        {
            return made;
        }

        var epoch = (await pseudonyms.LiveEpochsAsync(live => live == asked, cancel)).Count > 0 ? asked : await EpochAsync(cancel);
        var openings = new List<SubjectOpening>(identifiers.Count);
        foreach (var identifier in identifiers)
        {
            openings.Add(new(
                RandomNumberGenerator.GetBytes(SaltLength),
                await pseudonyms.OfSubjectAsync(epoch, identifier.Kind, identifier.Value, cancel)));
        }

        var mine = JsonSerializer.SerializeToUtf8Bytes(
            new RequestSubjects(epoch, openings), RequestJsonContext.Default.RequestSubjects);
        return Read(await objects.WriteOnceAsync(ObjectNames.Subjects(request), mine, cancel));
    }

    /// <summary>Null if the request was never accepted, or they were forgotten.</summary>
    public async Task<RequestSubjects?> FindAsync(Guid request, CancellationToken cancel) =>
        await objects.ReadAsync(ObjectNames.Subjects(request), cancel) is { } stands ? Read(stands) : null;

    /// <summary>
    /// Takes these persons out of the openings of a request; every commitment stays. Returns whether that run has touched it,
    /// also before.
    /// </summary>
    public async Task<bool> ForgetAsync(Guid request, IReadOnlySet<string> persons, Guid run, CancellationToken cancel)
    {
        var name = ObjectNames.Subjects(request);
        while (await objects.ReadAsync(name, cancel) is { } stands)
        {
            var opened = Read(stands);
            var left = opened with
            {
                Openings = [.. opened.Openings.Select(opening => persons.Contains(opening.Pseudonym) ? opening.Forget(run) : opening)],
            };
            if (left.Openings.SequenceEqual(opened.Openings, ReferenceEqualityComparer.Instance)
                || await objects.ReplaceAsync(
                    name, JsonSerializer.SerializeToUtf8Bytes(left, RequestJsonContext.Default.RequestSubjects), stands.Version, cancel) is not null)
            {
                return left.Openings.Any(opening => opening.ForgottenBy == run);
            }
        }

        return false;
    }

    internal static RequestSubjects Read(StoredObject stands) =>
        JsonSerializer.Deserialize(stands.Content.Span, RequestJsonContext.Default.RequestSubjects)
        ?? throw new FormatException("The subjects of a request are null.");
}
