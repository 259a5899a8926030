using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Core.Work;

/// <summary>Opens one subject of a record, or of a request.</summary>
/// <param name="Salt">32 random bytes.</param>
/// <param name="Pseudonym">As <see cref="Pseudonyms"/> makes it.</param>
public sealed record SubjectOpening(byte[] Salt, string Pseudonym)
{
    /// <summary>SHA-256(0x00 ‖ salt ‖ pseudonym), lowercase hex.</summary>
    public string Commit() => Convert.ToHexStringLower(SHA256.HashData([0, .. Salt, .. Encoding.UTF8.GetBytes(Pseudonym)]));
}
