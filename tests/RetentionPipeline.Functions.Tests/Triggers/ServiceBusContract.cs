using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

// What the flavour with triggers takes from Microsoft.Azure.Functions.Worker.Extensions.ServiceBus 5.24.0, written down from
// its public source: Azure/azure-functions-dotnet-worker at fb1133321b86, folder extensions/Worker.Extensions.ServiceBus/src
// (its project file says 5.24.0 there). Tokens and other arguments that are optional there are required here: the flavour
// passes all of them by position.
#pragma warning disable IDE0130
namespace Microsoft.Azure.Functions.Worker;
#pragma warning restore IDE0130

/// <summary>ServiceBusTriggerAttribute.cs, line 13: sealed, derived from TriggerBindingAttribute.</summary>
/// <param name="queueName">Line 25: the constructor for a queue.</param>
public sealed class ServiceBusTriggerAttribute(string queueName) : TriggerBindingAttribute
{
    /// <summary>ServiceBusTriggerAttribute.cs, line 50.</summary>
    public string? QueueName => queueName;

    /// <summary>ServiceBusTriggerAttribute.cs, line 44: name of the setting, or of the section with an identity.</summary>
    public string? Connection { get; set; }

    /// <summary>ServiceBusTriggerAttribute.cs, line 93: where it is not set, host.json decides.</summary>
    public bool AutoCompleteMessages { get; set; }
}

/// <summary>ServiceBusMessageActions.cs, line 23: open, with a protected constructor for tests (line 66).</summary>
public class ServiceBusMessageActions
{
    protected ServiceBusMessageActions()
    {
    }

    /// <summary>ServiceBusMessageActions.cs, line 72: virtual; asks the host, and fails as the host does.</summary>
    public virtual Task CompleteMessageAsync(ServiceBusReceivedMessage message, CancellationToken cancel) => throw NoHost();

    /// <summary>ServiceBusMessageActions.cs, line 85.</summary>
    public virtual Task AbandonMessageAsync(
        ServiceBusReceivedMessage message, IDictionary<string, object>? propertiesToModify, CancellationToken cancel) => throw NoHost();

    /// <summary>ServiceBusMessageActions.cs, line 107: a dictionary here, not its interface.</summary>
    public virtual Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message, Dictionary<string, object>? propertiesToModify, string? deadLetterReason,
        string? deadLetterErrorDescription, CancellationToken cancel) => throw NoHost();

    /// <summary>ServiceBusMessageActions.cs, line 155: it does not say until when the lock holds then.</summary>
    public virtual Task RenewMessageLockAsync(ServiceBusReceivedMessage message, CancellationToken cancel) => throw NoHost();

    private static InvalidOperationException NoHost() => new("There is no host behind these actions.");
}
