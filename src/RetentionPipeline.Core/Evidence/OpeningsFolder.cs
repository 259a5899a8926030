using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Openings as files beside an exported log: <c>operations/ID.json</c>, <c>outcomes/ID.json</c>, <c>holds/ID.json</c> and
/// <c>requests/ID.PART.json</c>.
/// Pseudonyms only, but personal data all the same: for auditors, not for publication.
/// </summary>
public sealed class OpeningsFolder(string folder) : IOpeningsSource
{
    /// <summary>Writes the openings of every operation that has some, and of every hold.</summary>
    public async Task<WrittenOpenings> WriteAsync(
        IObjectStore objects, OperationBooks books, HoldTable holds, Pseudonyms pseudonyms, CancellationToken cancel)
    {
        foreach (var kind in new[] { "operations", "outcomes", "holds", "requests" })
        {
            Directory.CreateDirectory(Path.Combine(folder, kind));
        }

        var (written, hasForgotten) = (0, false);
        await foreach (var id in objects.ListSegmentsAsync(ObjectNames.Operations, cancel))
        {
            if (Guid.TryParse(id, out var operation) && await books.Openings.FindAsync(operation, cancel) is { } opened)
            {
                await WriteAsync("operations", id, opened, EvidenceJson.Default.BatchOpenings, cancel);
                hasForgotten |= opened.Entries.Any(entry => entry.HasForgotten);
                written++;
                if (await books.Outcomes.FindAsync(operation, cancel) is { } results)
                {
                    await WriteAsync(
                        "outcomes", id, new OutcomeEntries(results.Entries), EvidenceJson.Default.OutcomeEntries, cancel);
                }
            }
        }

        await foreach (var hold in holds.ListAsync(cancel))
        {
            var names = hold.InForce ? await hold.Scope.NameAsync(pseudonyms, cancel) : hold.Names;
            if (names.Count > 0)
            {
                await WriteAsync("holds", hold.Id.ToString("D"), new HoldOpening(names), EvidenceJson.Default.HoldOpening, cancel);
                written++;
            }
        }

        return new(written + await WriteRequestsAsync(objects, cancel), hasForgotten);
    }

    private async Task<int> WriteRequestsAsync(IObjectStore objects, CancellationToken cancel)
    {
        var written = 0;
        await foreach (var name in objects.ListAsync(ObjectNames.Requested, cancel))
        {
            if (name.Split('/') is [_, var id, var part] && Guid.TryParse(id, out _)
                && await objects.ReadAsync(name, cancel) is { } stands && RequestAnswers.Read(stands) is { Entries.Count: > 0 } answer)
            {
                await WriteAsync("requests", $"{id}.{part}", new RequestEntries(answer.Entries), EvidenceJson.Default.RequestEntries, cancel);
                written++;
            }
        }

        return written;
    }

    /// <inheritdoc/>
    public BatchOpenings? FindOperation(string operation) => Find("operations", operation, EvidenceJson.Default.BatchOpenings);

    /// <inheritdoc/>
    public OutcomeEntries? FindOutcome(string operation) => Find("outcomes", operation, EvidenceJson.Default.OutcomeEntries);

    /// <inheritdoc/>
    public HoldOpening? FindHold(string hold) =>
        Find("holds", hold, EvidenceJson.Default.HoldOpening) is { } opening && IsWhole(opening) ? opening : null;

    /// <inheritdoc/>
    public RequestEntries? FindRequest(string request, string part) =>
        Guid.TryParse(request, out _) && part.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.')
            ? Find("requests", $"{request}.{part}", EvidenceJson.Default.RequestEntries)
            : null;

    /// <summary>False of the form from before there were epochs, which does not say under which key its names are.</summary>
    private static bool IsWhole(HoldOpening opening) =>
        opening is { Epochs: not null } && opening.Epochs.All(names => names is { Subjects: not null });

    private Task WriteAsync<T>(
        string kind, string id, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancel) =>
        File.WriteAllBytesAsync(PathOf(kind, id), JsonSerializer.SerializeToUtf8Bytes(value, type), cancel);

    private T? Find<T>(string kind, string id, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => Guid.TryParse(id.Split('.')[0], out _) && File.Exists(PathOf(kind, id))
            ? JsonSerializer.Deserialize(File.ReadAllBytes(PathOf(kind, id)), type)
            : null;

    private string PathOf(string kind, string id) => Path.Combine(folder, kind, id + ".json");
}

/// <summary>What was written.</summary>
/// <param name="Count">Openings of operations, holds and requests.</param>
/// <param name="HasForgotten">Somebody is taken out of one: the log must tell it, else it looks like a lie.</param>
public sealed record WrittenOpenings(int Count, bool HasForgotten);

/// <summary>What is kept of operations beside the log.</summary>
/// <param name="Openings">Of intents.</param>
/// <param name="Outcomes">Entries of outcomes.</param>
public sealed record OperationBooks(OpeningsBook Openings, OutcomeWriter Outcomes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(BatchOpenings))]
[JsonSerializable(typeof(HoldOpening))]
[JsonSerializable(typeof(OutcomeEntries))]
[JsonSerializable(typeof(RequestEntries))]
internal sealed partial class EvidenceJson : JsonSerializerContext;
