namespace RetentionPipeline.Core.Anonymisation;

/// <summary>An IPv4 address as it was read.</summary>
/// <param name="Value">Its 32 bits.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Padded">All numbers have three digits, and one begins with 0.</param>
internal readonly record struct V4Reading(uint Value, int End, bool Padded);

/// <summary>An IPv6 address as it was read.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Resume">Where a port that Java wrote behind it ends; else as <paramref name="End"/>.</param>
/// <param name="High">Its first 64 bits.</param>
/// <param name="Low">Its last 64 bits.</param>
/// <param name="Gap">Groups before the double colon, or -1 without one.</param>
/// <param name="GapLength">Groups that the double colon stands for.</param>
/// <param name="Dotted">Its last 32 bits are four numbers.</param>
/// <param name="Encoded">Every colon is written %3A.</param>
internal readonly record struct V6Reading(
    int At, int End, int Resume, ulong High, ulong Low, int Gap, int GapLength, bool Dotted, bool Encoded);
