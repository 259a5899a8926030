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
        BenchStores.Tell(string.Create(CultureInfo.InvariantCulture, $"commitments: {records / took:F0} records/s; {Floors.Commitments.Judge(records / took)}"));
        Console.WriteLine(Computing());
    }

    /// <summary>What a batch's salts, hashes and root cost by themselves, on one core, for a million records.</summary>
    private static string Computing()
    {
        var hash = new byte[32];
        var input = new byte[180];
        var salts = Floors.Seconds(200, () => new Salts(2 * BatchSize).Next()) / BatchSize;
        var one = Floors.Seconds(100_000, () => SHA256.HashData(input, hash));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"  of a million records, on one core: salts {salts * 1e6:F2} s, three hashes each {3 * one * 1e6:F2} s");
    }

    private static byte[] Batch()
    {
        var (hashes, salts) = (new List<byte[]>(BatchSize), new Salts(2 * BatchSize));
        for (var n = 0; n < BatchSize; n++)
        {
            var opening = new RecordOpening(
                salts.Next(), "cGZ0aGVyZWNvcmRzMTIzNA",
                [new SubjectOpening(salts.Next(), "c3ViamVjdHNwc2V1ZG9ueW")], "\"0x8DC0000000000001\"");
            hashes.Add(opening.Commit());
        }

        return MerkleTree.Root(hashes);
    }
}
