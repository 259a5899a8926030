namespace RetentionPipeline.Core.Anonymisation;

/// <summary>How many bits of an address stay.</summary>
/// <param name="V4">0 to 32; also of the IPv4 address inside a mapped or 6to4 one.</param>
/// <param name="V6">0 to 128.</param>
public sealed record AddressBits(int V4, int V6)
{
    /// <summary>/24 and /48.</summary>
    public static readonly AddressBits Default = new(24, 48);
}
