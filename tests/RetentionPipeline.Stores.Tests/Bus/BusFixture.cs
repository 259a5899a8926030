using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Time.Testing;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Local.Endpoints.Bus;

namespace RetentionPipeline.Stores.Tests.Bus;

/// <summary>One long-lived endpoint on a clock of its own, with a queue for each test.</summary>
public sealed class BusFixture : IAsyncLifetime
{
    private const int Queues = 64;
    private readonly string folder = Directory.CreateTempSubdirectory("bus-").FullName;
    private BusEndpoint? endpoint;
    private int names;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public ServiceBusClient Client { get; private set; } = null!;

    public string ConnectionString => endpoint!.ConnectionString;

    /// <summary>A queue that no other test uses.</summary>
    public string NewQueue() => NameOf(Interlocked.Increment(ref names));

    public async Task InitializeAsync()
    {
        endpoint = await BusEndpoint.StartAsync(
            new BusEndpointOptions(
                Path.Combine(folder, "bus.db"),
                Enumerable.Range(1, Queues).ToDictionary(NameOf, _ => QueueBehaviour.Default), Time: Time),
            CancellationToken.None);
        Client = new ServiceBusClient(ConnectionString);
    }

    public async Task DisposeAsync()
    {
        await Client.DisposeAsync();
        await endpoint!.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static string NameOf(int number) => $"queue-{number}";
}

[CollectionDefinition(Name)]
public sealed class BusCollection : ICollectionFixture<BusFixture>
{
    public const string Name = "Bus";
}
