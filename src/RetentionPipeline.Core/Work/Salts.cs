using System.Security.Cryptography;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// Random salts of 32 bytes for one batch: drawn at once, since each call of the generator costs more than a hash.
/// </summary>
public sealed class Salts(int count)
{
    /// <summary>Bytes of a salt.</summary>
    public const int Length = 32;

    private readonly byte[] random = RandomNumberGenerator.GetBytes(Length * count);
    private int given;

    /// <summary>A salt that nobody else was given. Throws <see cref="InvalidOperationException"/> for more than were drawn.</summary>
    public byte[] Next() => given < random.Length / Length
        ? random[(given * Length)..(++given * Length)]
        : throw new InvalidOperationException("More salts are asked for than were drawn.");
}
