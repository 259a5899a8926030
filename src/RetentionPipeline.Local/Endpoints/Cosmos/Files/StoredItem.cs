using System.Globalization;
using System.Text;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>An item as it lies in the file.</summary>
/// <param name="Body">What the client wrote, as UTF-8 JSON, without the service's own fields.</param>
/// <param name="Ts">Seconds since 1970 of the last write.</param>
/// <param name="Lsn">Number of the last write.</param>
/// <param name="Ttl">The item's own time to live, in seconds; -1 never; null if it has none.</param>
internal sealed record StoredItem(
    long Seq, string Epk, string Pk, string Id, byte[] Body, string Etag, long Ts, long Lsn, int? Ttl, long? Expires)
{
    /// <summary>The item as clients see it: the service's fields stand at its end.</summary>
    public byte[] Document(ContainerEntry container)
    {
        var rid = ResourceIds.OfItem(container, Seq);
        var head = Body.AsSpan()[..^1];
        var more = string.Create(
            CultureInfo.InvariantCulture,
            $"{(head.Length == 1 ? "" : ",")}\"_rid\":\"{rid}\",\"_self\":\"{container.Self}docs/{rid}/\",\"_etag\":\"{Etag.Replace("\"", "\\\"", StringComparison.Ordinal)}\",\"_attachments\":\"attachments/\",\"_ts\":{Ts}}}");
        var document = new byte[head.Length + Encoding.UTF8.GetByteCount(more)];
        head.CopyTo(document);
        Encoding.UTF8.GetBytes(more, document.AsSpan(head.Length));
        return document;
    }
}
