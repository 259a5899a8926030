using System.Security.Cryptography;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.KeyVault;

/// <summary>
/// Secrets in an Azure Key Vault, as base64 of their 32 bytes. A vault knows no "create if it is not there": every write is
/// one more version. So the oldest version is the secret, whoever wrote it; what came later (a second maker, a write that
/// was sent again, a person's "new version") is never used and changes nothing.
///
/// Versions carry whole seconds, and two of one second are ordered by their ids. Which is the oldest is therefore settled
/// only some seconds after it was written, by the vault's own clock: until then everybody waits, also who only reads. That
/// happens once in a secret's life. A maker that dies after its write has made the secret; before it, nothing.
///
/// A secret that was deleted and can be recovered, or whose oldest version is disabled, is refused
/// (<see cref="SecretRefusedException"/>) and never replaced: under another key what was sealed stays shut. Only when it has been
/// purged, by a person or at the end of its recovery time, is it gone, and would be made anew. Other failures are let through
/// (<see cref="RequestFailedException"/>); the SDK has tried three times then.
///
/// A deletion takes a while until the vault shows it, and so does a purge: in between a secret may be in neither list. So one
/// is gone only when it was seen in none of them for half a minute.
/// </summary>
public sealed class VaultSecretStore : ISecretStore
{
    /// <summary>Bytes of a secret.</summary>
    private const int Length = 32;

    /// <summary>More than the clocks of a vault's machines differ, and than one second.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    private const int MostLooks = 20;
    private const int LooksInARow = 7;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);

    private readonly SecretClient client;
    private readonly TimeProvider time;

    /// <summary>Opens a vault. Nothing is sent yet.</summary>
    /// <param name="vault">Its address.</param>
    /// <param name="credential">May get, list, set, delete and purge secrets, and read deleted ones: Key Vault Secrets Officer.</param>
    /// <param name="time">Only for waiting.</param>
    /// <param name="transport">The SDK's own if null.</param>
    public VaultSecretStore(Uri vault, TokenCredential credential, TimeProvider time, HttpPipelineTransport? transport = null)
    {
        this.time = time;
        var options = new SecretClientOptions();
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(30);
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.Transport = transport ?? options.Transport;
        client = new SecretClient(vault, credential, options);
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetOrCreateAsync(string name, CancellationToken cancel)
    {
        if (await FindAsync(name, cancel) is { } known)
        {
            return known;
        }

        try
        {
            await client.SetSecretAsync(name, Convert.ToBase64String(RandomNumberGenerator.GetBytes(Length)), cancel);
        }
        catch (RequestFailedException conflict) when (conflict.Status == 409)
        {
            // Deleted since we looked.
            throw new SecretRefusedException(name, "it was deleted");
        }

        return await FindAsync(name, cancel) ?? throw new SecretRefusedException(name, "it was written and is not there");
    }

    /// <inheritdoc/>
    public async Task<byte[]?> FindAsync(string name, CancellationToken cancel)
    {
        while (true)
        {
            var (oldest, age) = await OldestAsync(name, cancel);
            if (oldest is null)
            {
                await RefuseDeletedAsync(name, cancel);
                return null;
            }

            if (age >= Settled)
            {
                return await ReadAsync(oldest, cancel);
            }

            await Task.Delay(Settled - age, time, cancel);
        }
    }

    /// <inheritdoc/>
    public async Task<SecretEnd> DestroyAsync(string name, CancellationToken cancel)
    {
        try
        {
            await client.StartDeleteSecretAsync(name, cancel);
        }
        catch (RequestFailedException known) when (known.Status is 404 or 409)
        {
            // Not there, deleted before, or being deleted: what is left is looked at below.
        }

        var absent = 0;
        DateTimeOffset? until = null;
        for (var look = 0; look < MostLooks; look++)
        {
            var kept = await FindDeletedAsync(name, cancel);
            until = kept?.ScheduledPurgeDate ?? until;
            if (kept is not null && !await MayPurgeAsync(name, cancel))
            {
                break;
            }

            absent = kept is null && (await OldestAsync(name, cancel)).Oldest is null ? absent + 1 : 0;
            if (absent == LooksInARow)
            {
                return new SecretEnd.Gone();
            }

            await Task.Delay(BetweenLooks, time, cancel);
        }

        return new SecretEnd.Recoverable(until);
    }

    /// <summary>False where the vault's protection, or missing rights, let nobody purge it before its time.</summary>
    private async Task<bool> MayPurgeAsync(string name, CancellationToken cancel)
    {
        try
        {
            await client.PurgeDeletedSecretAsync(name, cancel);
            return true;
        }
        catch (RequestFailedException moving) when (moving.Status is 404 or 409)
        {
            // Purged meanwhile, or about to be.
            return true;
        }
        catch (RequestFailedException refused) when (refused.Status is 403 or 400)
        {
            return false;
        }
    }

    /// <summary>The oldest version, and its age by the vault's clock. The vault lists versions in no order of time.</summary>
    private async Task<(SecretProperties? Oldest, TimeSpan Age)> OldestAsync(string name, CancellationToken cancel)
    {
        SecretProperties? oldest = null;
        var asOf = DateTimeOffset.MaxValue;
        try
        {
            await foreach (var page in client.GetPropertiesOfSecretVersionsAsync(name, cancel).AsPages())
            {
                // The first answer is the earliest: what it does not show may be as young as that.
                asOf = Earlier(asOf, page.GetRawResponse().Headers.Date ?? time.GetUtcNow());
                oldest = page.Values.Append(oldest).OfType<SecretProperties>()
                    .OrderBy(version => version.CreatedOn).ThenBy(version => version.Version, StringComparer.Ordinal).FirstOrDefault();
            }
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            return (null, default);
        }

        var age = asOf - (oldest?.CreatedOn ?? asOf);
        return (oldest, age > TimeSpan.Zero ? age : TimeSpan.Zero);
    }

    private async Task<byte[]> ReadAsync(SecretProperties version, CancellationToken cancel)
    {
        if (version.Enabled == false)
        {
            throw new SecretRefusedException(version.Name, "its oldest version is disabled");
        }

        var secret = await client.GetSecretAsync(version.Name, version.Version, cancel);
        var bytes = new byte[Length];
        return Convert.TryFromBase64String(secret.Value.Value, bytes, out var count) && count == Length
            ? bytes
            : throw new SecretRefusedException(version.Name, "its oldest version is not the base64 of 32 bytes");
    }

    private async Task RefuseDeletedAsync(string name, CancellationToken cancel)
    {
        if (await FindDeletedAsync(name, cancel) is not null)
        {
            throw new SecretRefusedException(name, "it was deleted");
        }
    }

    private async Task<DeletedSecret?> FindDeletedAsync(string name, CancellationToken cancel)
    {
        try
        {
            return await client.GetDeletedSecretAsync(name, cancel);
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            return null;
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
