using System.Text.Json;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Requests;

/// <summary>
/// Under which epoch a request's evidence names its person: what its own openings say, once it was accepted, so that the
/// openings of its records are made under the same one.
/// </summary>
public sealed class RequestEpochs(RequestBook book, IObjectStore objects) : IEpochRequests
{
    private static readonly Guid GivenUp = new("5b8f4a63-0d0e-4c43-9d6c-2f4f0c0f7a11");

    /// <summary>Its epoch.</summary>
    public async Task<int> FindAsync(RequestRow row, CancellationToken cancel) =>
        await objects.ReadAsync(ObjectNames.Subjects(row.Request), cancel) is { } stands ? SubjectBook.Read(stands).Epoch : row.TakenInUnder;

    /// <inheritdoc/>
    public async Task<int> CountAsync(int epoch, CancellationToken cancel) => (await ListAsync(epoch, cancel)).Count;

    /// <inheritdoc/>
    public async Task GiveUpAsync(int epoch, CancellationToken cancel)
    {
        foreach (var request in await ListAsync(epoch, cancel))
        {
            await HideAsync(ObjectNames.Subjects(request), epoch, cancel);
        }
    }

    private async Task<IReadOnlyList<Guid>> ListAsync(int epoch, CancellationToken cancel)
    {
        var found = new List<Guid>();
        foreach (var entry in await book.ListOpenAsync(cancel))
        {
            if (await FindAsync(entry.Row, cancel) == epoch)
            {
                found.Add(entry.Row.Request);
            }
        }

        return found;
    }

    /// <summary>Each opening becomes its hash: what its leaf committed to stays, and no record has to show that name.</summary>
    private async Task HideAsync(string name, int epoch, CancellationToken cancel)
    {
        var run = DerivedId.Of(GivenUp, "epoch", epoch.ToString(CultureInfo.InvariantCulture));
        while (await objects.ReadAsync(name, cancel) is { } stands)
        {
            var opened = SubjectBook.Read(stands);
            var left = opened with { Openings = [.. opened.Openings.Select(opening => opening.Hash is null ? opening.Forget(run) : opening)] };
            var json = JsonSerializer.SerializeToUtf8Bytes(left, RequestJsonContext.Default.RequestSubjects);
            if (await objects.ReplaceAsync(name, json, stands.Version, cancel) is not null)
            {
                return;
            }
        }
    }
}
