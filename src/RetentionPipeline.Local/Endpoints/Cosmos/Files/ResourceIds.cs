using System.Buffers.Binary;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>
/// The service's ids of things: 4 bytes for a database, 4 more for a container (whose first bit tells it from a user), 8
/// more for an item; base64, with '-' for '/'. Items sort by the last 8 bytes, in the order in which they were made.
/// </summary>
internal static class ResourceIds
{
    private const uint ContainerBit = 0x80000000;

    public static string OfDatabase(long database) => Write(Head(database, null));

    public static string OfContainer(long database, long container) => Write(Head(database, container));

    public static string OfItem(ContainerEntry container, long item)
    {
        Span<byte> bytes = stackalloc byte[16];
        Head(container.Database.Seq, container.Seq).CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], item);
        return Write(bytes);
    }

    /// <summary>The item's number in its id; 0 for text that is no item's id.</summary>
    public static long ItemOf(string rid)
    {
        Span<byte> bytes = stackalloc byte[24];
        return Convert.TryFromBase64String(rid.Replace('-', '/'), bytes, out var written) && written == 16
            ? BinaryPrimitives.ReadInt64LittleEndian(bytes[8..])
            : 0;
    }

    private static byte[] Head(long database, long? container)
    {
        var bytes = new byte[container is null ? 4 : 8];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)database);
        if (container is { } number)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), (uint)number | ContainerBit);
        }

        return bytes;
    }

    private static string Write(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).Replace('/', '-');
}
