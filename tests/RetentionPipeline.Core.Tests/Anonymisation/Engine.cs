using System.Buffers;
using System.Text;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>Runs the engine over a text, whole or in pieces.</summary>
internal static class Engine
{
    public static readonly VectorWidth[] Widths = [VectorWidth.Scalar, VectorWidth.V128, VectorWidth.V256, VectorWidth.V512];

    public static string Run(StreamPlan plan, string text, VectorWidth width, params IReadOnlyList<int> pieces) =>
        Run(plan, text, width, pieces, out _);

    public static string Run(
        StreamPlan plan, string text, VectorWidth width, IReadOnlyList<int> pieces, out StreamStatistics statistics)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var engine = new StreamAnonymiser(plan, width);
        var output = new ArrayBufferWriter<byte>();
        var at = 0;
        foreach (var piece in pieces)
        {
            var length = Math.Min(piece, bytes.Length - at);
            engine.Write(bytes.AsSpan(at, length), output);
            at += length;
        }

        engine.Write(bytes.AsSpan(at), output);
        engine.Complete(output);
        statistics = engine.Statistics;
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }

    public static string TruncateIp(string text, int v4 = 24, int v6 = 48) =>
        Run(new StreamPlan(new AddressBits(v4, v6), HostNames.Keep, []), text, VectorWidth.V256);

    public static string TruncateHost(string text) =>
        Run(new StreamPlan(null, HostNames.Truncate, []), text, VectorWidth.V256);
}
