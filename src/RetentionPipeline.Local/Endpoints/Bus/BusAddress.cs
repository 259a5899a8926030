using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>What a link's address names.</summary>
/// <param name="Queue">The queue in the store; null for <c>$cbs</c>, where tokens are put.</param>
/// <param name="IsManagement">The queue's <c>$management</c>, where requests are answered.</param>
internal sealed record BusAddress(string? Queue, bool IsManagement)
{
    private const string Tokens = "$cbs";
    private const string Management = "/$management";

    /// <summary>The end of a dead-letter queue's name.</summary>
    public static readonly string DeadLetters = QueueNames.DeadLetterOf(string.Empty);

    /// <summary>
    /// Reads an address as SDKs write it: <c>queue</c>, <c>/queue</c> or <c>amqps://host/queue</c>, in any case, with
    /// <c>/$deadletterqueue</c> and <c>/$management</c> behind. Null if there is no such queue.
    /// </summary>
    /// <param name="address">As in the attach.</param>
    /// <param name="queues">The queues that are there.</param>
    public static BusAddress? Find(string? address, IEnumerable<string> queues)
    {
        var name = Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Host.Length > 0
            ? uri.AbsolutePath
            : address ?? string.Empty;
        name = name.Trim('/');
        if (string.Equals(name, Tokens, StringComparison.OrdinalIgnoreCase))
        {
            return new BusAddress(null, IsManagement: false);
        }

        var isManagement = Cut(ref name, Management);
        var isDeadLetters = Cut(ref name, DeadLetters);
        return queues.FirstOrDefault(queue => string.Equals(queue, name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? new BusAddress(isDeadLetters ? QueueNames.DeadLetterOf(found) : found, isManagement)
            : null;
    }

    private static bool Cut(ref string name, string end)
    {
        if (!name.EndsWith(end, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        name = name[..^end.Length];
        return true;
    }
}
