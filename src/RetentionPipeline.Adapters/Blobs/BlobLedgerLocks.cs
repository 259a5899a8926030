using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using RetentionPipeline.Core.Evidence;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>
/// Policies of the containers of a ledger. The storage service itself tells only whether there is one. Whether it is locked,
/// for how long, and whether it lets append blobs grow, the resource manager tells, to those who may read the account.
/// </summary>
public sealed class BlobLedgerLocks(LedgerContainers containers, ManagedAccount? account) : ILedgerLocks
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<ContainerLock>> ReadAsync(CancellationToken cancel) =>
        [await ReadAsync(containers.Wal, cancel), await ReadAsync(containers.Log, cancel)];

    private async Task<ContainerLock> ReadAsync(BlobContainerClient container, CancellationToken cancel)
    {
        if (account is not null)
        {
            return await account.ReadAsync(container.Name, cancel);
        }

        var properties = await container.GetPropertiesAsync(cancellationToken: cancel);
        return new(container.Name, properties.Value.HasImmutabilityPolicy == true ? LockState.Unseen : LockState.None, null, null);
    }
}

/// <summary>
/// A storage account as the resource manager sees it. REST, since the SDK for it is not among the packages:
/// Blob Containers - Get Immutability Policy, version 2023-05-01.
/// </summary>
public sealed class ManagedAccount
{
    private const string Version = "2023-05-01";
    private readonly Uri resource;
    private readonly HttpPipeline pipeline;

    /// <summary>Nothing is sent yet.</summary>
    /// <param name="resource">Address of the account's resource: the resource manager's host and the account's id.</param>
    /// <param name="credential">May read the account.</param>
    /// <param name="transport">The SDK's own if null.</param>
    public ManagedAccount(Uri resource, TokenCredential credential, HttpPipelineTransport? transport = null)
    {
        this.resource = resource;
        var options = new ManagementOptions();
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.Transport = transport ?? options.Transport;
        pipeline = HttpPipelineBuilder.Build(
            options, new BearerTokenAuthenticationPolicy(credential, $"{resource.GetLeftPart(UriPartial.Authority)}/.default"));
    }

    internal async Task<ContainerLock> ReadAsync(string container, CancellationToken cancel)
    {
        using var message = pipeline.CreateMessage();
        message.Request.Method = RequestMethod.Get;
        message.Request.Uri.Reset(new Uri(
            $"{resource.AbsoluteUri.TrimEnd('/')}/blobServices/default/containers/{container}/immutabilityPolicies/default?api-version={Version}"));
        await pipeline.SendAsync(message, cancel);
        if (message.Response.Status == 404)
        {
            return new(container, LockState.None, null, null);
        }

        if (message.Response.IsError)
        {
            throw new RequestFailedException(message.Response);
        }

        using var json = JsonDocument.Parse(message.Response.Content);
        var policy = json.RootElement.GetProperty("properties");

        // A container that never had one is answered with days of 0, not with 404.
        var days = policy.GetProperty("immutabilityPeriodSinceCreationInDays").GetInt32();
        var appends = policy.TryGetProperty("allowProtectedAppendWrites", out var allowed) && allowed.ValueKind is JsonValueKind.True;
        return days == 0
            ? new(container, LockState.None, null, null)
            : new(container, policy.GetProperty("state").GetString() == "Locked" ? LockState.Locked : LockState.Unlocked, days, appends);
    }

    private sealed class ManagementOptions : ClientOptions;
}
