using System.Buffers.Binary;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>
/// Stages what is written to it as blocks of a blob, under ids of this write alone. The service takes ids of one length
/// only, also beside blocks that somebody else has staged and not committed: ours follow theirs, as long as they leave
/// room for what is random in them. Throws <see cref="RecordRefusedException"/> where they do not.
/// </summary>
internal sealed class StagingStream(BlockBlobClient blob) : Stream
{
    private const int BlockSize = 4 * 1024 * 1024;
    private const int NumberLength = 4;
    private const int LeastRandom = 8;
    // With room for what a codec writes beyond: a stream that grows doubles.
    private readonly MemoryStream block = new(BlockSize + (512 * 1024));
    private readonly List<string> blocks = [];
    private byte[] write = RandomNumberGenerator.GetBytes(2 * LeastRandom);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        block.Write(buffer.Span);
        if (block.Length >= BlockSize)
        {
            await StageAsync(cancellationToken);
        }
    }

    /// <summary>What a codec writes without waiting is kept until the next block is staged.</summary>
    public override void Write(byte[] buffer, int offset, int count) => block.Write(buffer, offset, count);

    /// <summary>Stages the rest; the ids, in order.</summary>
    public async Task<IReadOnlyList<string>> EndAsync(CancellationToken cancel)
    {
        if (block.Length > 0)
        {
            await StageAsync(cancel);
        }

        return blocks;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task StageAsync(CancellationToken cancel)
    {
        try
        {
            await StageOnceAsync(cancel);
        }
        catch (RequestFailedException refused) when (refused.ErrorCode == BlobErrorCode.InvalidBlobOrBlock && blocks.Count == 0)
        {
            await FollowForeignAsync(cancel);
            await StageOnceAsync(cancel);
        }

        block.SetLength(0);
    }

    private async Task StageOnceAsync(CancellationToken cancel)
    {
        var id = new byte[write.Length + NumberLength];
        write.CopyTo(id, 0);
        BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(write.Length), blocks.Count);
        var text = Convert.ToBase64String(id);
        block.Position = 0;
        await blob.StageBlockAsync(text, block, cancellationToken: cancel);
        blocks.Add(text);
    }

    private async Task FollowForeignAsync(CancellationToken cancel)
    {
        var list = await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: cancel);
        var length = list.Value.UncommittedBlocks.Select(foreign => Convert.FromBase64String(foreign.Name).Length).FirstOrDefault();
        if (length < LeastRandom + NumberLength)
        {
            throw new RecordRefusedException(RefusalReasons.ForeignBlocks);
        }

        write = RandomNumberGenerator.GetBytes(length - NumberLength);
    }
}
