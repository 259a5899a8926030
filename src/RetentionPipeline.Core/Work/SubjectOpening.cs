using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Core.Work;

/// <summary>Opens one subject of a record, or of a request.</summary>
/// <param name="Salt">32 random bytes.</param>
/// <param name="Pseudonym">As <see cref="Pseudonyms"/> makes it.</param>
public sealed record SubjectOpening(byte[] Salt, string Pseudonym)
{
    private const int ShortInput = 256;

    /// <summary>SHA-256(0x00 ‖ salt ‖ pseudonym), lowercase hex.</summary>
    public string Commit()
    {
        var most = 1 + Salt.Length + Encoding.UTF8.GetMaxByteCount(Pseudonym.Length);
        var input = most <= ShortInput ? stackalloc byte[ShortInput] : new byte[most];
        input[0] = 0;
        Salt.CopyTo(input[1..]);
        var length = 1 + Salt.Length;
        length += Encoding.UTF8.GetBytes(Pseudonym, input[length..]);
        return Convert.ToHexStringLower(SHA256.HashData(input[..length]));
    }
}
