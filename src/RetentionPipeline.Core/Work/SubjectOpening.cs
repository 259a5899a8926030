using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace RetentionPipeline.Core.Work;

/// <summary>Opens one subject of a record, or of a request.</summary>
/// <param name="Salt">32 random bytes.</param>
/// <param name="Pseudonym">As <see cref="Pseudonyms"/> makes it.</param>
public sealed record SubjectOpening(byte[] Salt, string Pseudonym)
{
    private const int ShortInput = 256;

    /// <summary>All that is left of one that was forgotten: its hash, lowercase hex. Null of any other.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hash { get; init; }

    /// <summary>The run that forgot it; null of one that stands.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? ForgottenBy { get; init; }

    /// <summary>What is left once a run has forgotten it: the hash, which shows nobody and keeps what is over it.</summary>
    public SubjectOpening Forget(Guid run) => new([], "") { Hash = Commit(), ForgottenBy = run };

    /// <summary>SHA-256(0x00 ‖ salt ‖ pseudonym), lowercase hex.</summary>
    public string Commit()
    {
        if (Hash is not null)
        {
            return Hash;
        }

        var most = 1 + Salt.Length + Encoding.UTF8.GetMaxByteCount(Pseudonym.Length);
        var input = most <= ShortInput ? stackalloc byte[ShortInput] : new byte[most];
        input[0] = 0;
        Salt.CopyTo(input[1..]);
        var length = 1 + Salt.Length;
        length += Encoding.UTF8.GetBytes(Pseudonym, input[length..]);
        return Convert.ToHexStringLower(SHA256.HashData(input[..length]));
    }
}
