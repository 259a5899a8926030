using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>The entrance of a stage, for the stage before it: what is written here comes out, cut, at the next.</summary>
internal sealed class StageInput(WindowStage stage) : IBufferWriter<byte>
{
    /// <summary>Where this stage writes.</summary>
    public IBufferWriter<byte> Next { get; set; } = null!;

    public void Advance(int count) => stage.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var memory = stage.GetMemory();
        if (memory.Length >= Math.Max(1, sizeHint))
        {
            return memory;
        }

        stage.Run(Next);
        memory = stage.GetMemory();
        return memory.Length >= sizeHint ? memory : throw new ArgumentOutOfRangeException(nameof(sizeHint));
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Run() => stage.Run(Next);

    public void Complete() => stage.Complete(Next);
}
