using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Anchors;

/// <summary>
/// A witness by C2SP tlog-witness: it remembers the largest checkpoint that it saw, signs another one only where a proof
/// shows that nothing before it was changed, and so never signs two histories.
/// </summary>
/// <param name="address">Its submission prefix.</param>
/// <param name="key">Its verifier key (cosignature/v1).</param>
/// <param name="log">Where proofs are made from.</param>
/// <param name="http">Client.</param>
public sealed class Witness(Uri address, NoteVerifier key, LogReader log, HttpClient http) : IAnchorAuthority
{
    private const int MaxBytes = 64 * 1024;
    private const string SizeType = "text/x.tlog.size";
    private long seen;

    /// <inheritdoc/>
    public string Name => key.Name;

    /// <inheritdoc/>
    public AnchorKind Kind => AnchorKind.Cosignature;

    /// <inheritdoc/>
    public async Task<AnchorProof> AnchorAsync(AnchorRequest request, CancellationToken cancel)
    {
        var checkpoint = Checkpoint.Parse(SignedNote.Parse(request.Note.Span).Text);
        var answer = await AskAsync(request, checkpoint.Size, seen, cancel);
        if (answer is { Status: HttpStatusCode.Conflict, Type: SizeType }
            && long.TryParse(answer.Text.TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            && size <= checkpoint.Size)
        {
            // It tells what it saw last: after a restart of ours, or where another instance asked.
            answer = await AskAsync(request, checkpoint.Size, size, cancel);
        }

        if (answer.Status is not HttpStatusCode.OK)
        {
            throw new AnchorRefusedException(
                $"The witness answered {(int)answer.Status}: " + answer.Status switch
                {
                    HttpStatusCode.Conflict => "it has seen a larger log, or another one of this size.",
                    HttpStatusCode.UnprocessableEntity => "the log that it saw is no part of this one. This is a fork, or it thinks so.",
                    HttpStatusCode.NotFound => "it does not know the log.",
                    HttpStatusCode.Forbidden => "it does not know the log's key.",
                    _ => "no reason that the specification names.",
                });
        }

        var proof = Read(answer.Text, SignedNote.Parse(request.Note.Span).Text);
        seen = checkpoint.Size;
        return proof;
    }

    private async Task<Answer> AskAsync(AnchorRequest request, long size, long old, CancellationToken cancel)
    {
        var body = new StringBuilder().Append(CultureInfo.InvariantCulture, $"old {old}\n");
        if (old > 0 && old < size)
        {
            foreach (var hash in await ProveAsync(request, old, cancel))
            {
                body.Append(Convert.ToBase64String(hash)).Append('\n');
            }
        }

        byte[] bytes = [.. Encoding.UTF8.GetBytes(body.Append('\n').ToString()), .. request.Note.Span];
        using var content = new ByteArrayContent(bytes);
        using var answer = await http.PostAsync(new Uri(address, "add-checkpoint"), content, cancel);
        var text = await answer.Content.ReadAsByteArrayAsync(cancel);
        return text.Length <= MaxBytes
            ? new Answer(answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, Encoding.UTF8.GetString(text))
            : throw new AnchorRefusedException("The witness' answer is larger than 64 KiB.");
    }

    /// <summary>Under the note that was asked for: the log may have grown since.</summary>
    private async Task<IReadOnlyList<byte[]>> ProveAsync(AnchorRequest request, long old, CancellationToken cancel)
    {
        var prover = LogProver.Under(log, request.Note);
        return await prover.ProveConsistencyAsync(old, cancel);
    }

    private AnchorProof Read(string lines, string text)
    {
        SignedNote cosigned;
        try
        {
            cosigned = SignedNote.Parse(Encoding.UTF8.GetBytes(text + "\n" + lines));
        }
        catch (FormatException)
        {
            throw new AnchorRefusedException("The witness' answer holds no signature lines.");
        }

        var line = cosigned.Signatures.FirstOrDefault(key.IsOf);
        if (line is null || !key.Verify(text, line))
        {
            throw new AnchorRefusedException("The witness' answer holds no valid cosignature of its key.");
        }

        var at = DateTimeOffset.FromUnixTimeSeconds((long)BinaryPrimitives.ReadUInt64BigEndian(line.Signature));
        return new AnchorProof(new SignedNote(text, [line]).Encode(), at);
    }

    private sealed record Answer(HttpStatusCode Status, string? Type, string Text);
}
