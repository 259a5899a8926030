namespace RetentionPipeline.Core.Evidence;

/// <summary>What came of asking for a bundle.</summary>
public abstract record BundleAnswer
{
    /// <summary>The archive; of a bundle of scans the request is empty.</summary>
    public sealed record Ready(Guid Request, byte[] Zip, int Files) : BundleAnswer;

    /// <summary>No such request was received.</summary>
    public sealed record Unknown : BundleAnswer;

    /// <summary>No published checkpoint covers a leaf of it yet.</summary>
    public sealed record NotInLog : BundleAnswer;

    /// <summary>More files or bytes than an archive of this format has.</summary>
    public sealed record TooLarge : BundleAnswer;

    internal static BundleAnswer Of(BundleFacts facts, BundleLog log)
    {
        var files = BundleFiles.Of(facts, log);
        return files.Count > StoredZip.MaxFiles || files.Sum(file => 200L + file.Content.Length) > StoredZip.MaxBytes
            ? new TooLarge()
            : new Ready(facts.Request, StoredZip.Write(files), files.Count);
    }
}
