using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>Salts, commitments and root of batches of 1,000 records with one subject each, batches side by side.</summary>
internal static class CommitmentBench
{
    private const int BatchSize = 1_000;

    public static void Run(TimeSpan length)
    {
        Batch();
        var (began, records) = (Stopwatch.GetTimestamp(), 0L);
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            while (Stopwatch.GetElapsedTime(began) < length)
            {
                Batch();
                Interlocked.Add(ref records, BatchSize);
            }
        });
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        BenchStores.Tell(string.Create(CultureInfo.InvariantCulture, $"commitments: {records / took:F0} records/s"));
    }

    private static byte[] Batch()
    {
        var hashes = new List<byte[]>(BatchSize);
        for (var n = 0; n < BatchSize; n++)
        {
            var opening = new RecordOpening(
                RandomNumberGenerator.GetBytes(32), "cGZ0aGVyZWNvcmRzMTIzNA",
                [new SubjectOpening(RandomNumberGenerator.GetBytes(32), "c3ViamVjdHNwc2V1ZG9ueW")], "\"0x8DC0000000000001\"");
            hashes.Add(opening.Commit());
        }

        return MerkleTree.Root(hashes);
    }
}
