using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention ledger inspect INDEX</c>: one leaf, and the proof that the log holds it.</summary>
internal static class InspectVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Build()
    {
        var index = new Argument<long>("INDEX") { Description = "Index of the leaf, from 0." };
        var log = new Option<string?>("--log") { Description = "Exported log. Else the published log of a deployment." };
        var key = new Option<string?>("--key") { Description = "Verifier key, from whom you trust; with --log." };
        var command = new Command("inspect", "Shows one leaf, and proves that it is in the log.") { index, log, key };
        var target = new Target(isOptional: true);
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            if (result.GetValue(log) is { } folder)
            {
                return result.GetValue(key) is { } text
                    ? await ShowAsync(new ExportedLog(folder).Open(), text, result.GetValue(index), cancel)
                    : await RefuseAsync("Give --key with --log: without a key that you trust a log proves nothing.");
            }

            if (!target.IsGiven(result))
            {
                return await RefuseAsync("Give --log DIR and --key, or --data DIR, or --config FILE.");
            }

            await using var services = target.Open(result);
            var verifier = await services.GetRequiredService<LedgerIntegrator>().VerifierAsync(cancel);
            return await ShowAsync(services.GetRequiredService<LogReader>(), verifier.ToString(), result.GetValue(index), cancel);
        });
        return command;
    }

    private static async Task<int> ShowAsync(LogReader log, string key, long index, CancellationToken cancel)
    {
        try
        {
            var verifier = NoteVerifier.Parse(key);
            if (await LogProver.OpenAsync(log, cancel) is not { } prover)
            {
                return await RefuseAsync("There is no checkpoint.");
            }

            var checkpoint = Checkpoint.Open(SignedNote.Parse(prover.Note.Span), verifier);
            if (index < 0 || index >= checkpoint.Size)
            {
                return await RefuseAsync(string.Create(CultureInfo.InvariantCulture, $"The log has leaves 0 to {checkpoint.Size - 1}."));
            }

            var entry = (await log.ReadEntriesAsync(index, 1, cancel))[0];
            var proof = await prover.ProveAsync(index, cancel);
            var isProved = MerkleTree.VerifyInclusion(index, checkpoint.Size, Rfc6962.LeafHash(entry.Span), proof.Path, checkpoint.Root);
            Tell(entry, isProved, checkpoint, index);
            return isProved ? ExitCodes.Done : ExitCodes.FailedOrWaits;
        }
        catch (Exception problem) when (problem is FormatException or LedgerCorruptException)
        {
            await Console.Error.WriteLineAsync(problem.Message);
            return problem is FormatException ? ExitCodes.Usage : ExitCodes.FailedOrWaits;
        }
    }

    private static void Tell(ReadOnlyMemory<byte> entry, bool isProved, Checkpoint checkpoint, long index)
    {
        try
        {
            var leaf = Leaf.Parse(entry.Span);
            Console.WriteLine($"leaf {index}: {leaf.Type} {leaf.Id}{(leaf.Part.Length > 0 ? $" {leaf.Part}" : "")}, {leaf.At:yyyy-MM-dd HH:mm:ss} UTC");
            Console.WriteLine(JsonNode.Parse(entry.Span)!.ToJsonString(Indented));
        }
        catch (LeafFormatException problem)
        {
            // It is shown all the same: somebody has to look at it.
            Console.WriteLine($"leaf {index} is none: {problem.Message}");
            Console.WriteLine(Encoding.UTF8.GetString(entry.Span));
        }

        Console.WriteLine($"leaf hash {Convert.ToHexStringLower(Rfc6962.LeafHash(entry.Span))}");
        Console.WriteLine(isProved
            ? $"It is in the signed log of {checkpoint.Size} leaves, root {Convert.ToHexStringLower(checkpoint.Root)}."
            : "It is NOT in the signed log: it was changed, or the tiles were.");
    }

    private static async Task<int> RefuseAsync(string why)
    {
        await Console.Error.WriteLineAsync(why);
        return ExitCodes.Usage;
    }
}
