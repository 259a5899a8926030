using System.Net;
using System.Text;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Functions.Tests.Hosting;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Functions.Tests.MainJob;

/// <summary>What an outsider does with nothing but the app's address: fetches the log, and checks it.</summary>
internal static class PublicEvidence
{
    /// <summary>Writes the published log into a folder, file by file as they are served.</summary>
    public static async Task<NoteVerifier> FetchAsync(PublishedApp app, string folder)
    {
        var key = await ReadAsync(app, "key", folder);
        var note = await ReadAsync(app, "checkpoint", folder);
        var verifier = NoteVerifier.Parse(Encoding.UTF8.GetString(key).Trim());
        var checkpoint = Checkpoint.Open(SignedNote.Parse(note), verifier);
        foreach (var (name, _, _, _) in TilePath.All(checkpoint.Size))
        {
            await ReadAsync(app, name, folder);
        }

        return verifier;
    }

    /// <summary>Fetches it and checks structure and meaning.</summary>
    public static async Task<LogVerdict> VerifyAsync(PublishedApp app, string folder, OpeningsFolder openings) =>
        LogVerification.Verify(folder, await FetchAsync(app, folder), openings, (_, _) => { });

    private static async Task<byte[]> ReadAsync(PublishedApp app, string name, string folder)
    {
        var answer = await app.GetAsync(name);
        Assert.True(answer.Status is HttpStatusCode.OK, $"{name}: {answer.Status}");
        var file = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file, answer.Body);
        return answer.Body;
    }
}
