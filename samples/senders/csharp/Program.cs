// Sends one deletion request and prints what is answered.
//   dotnet run -- SOURCE [ID] < identifiers.json
// SOURCE is this system's name in the policy; ID is the request's, never a person's. Sending an ID again is safe.
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Identity;
using Azure.Messaging.ServiceBus;

var connection = Environment.GetEnvironmentVariable("SERVICE_BUS_CONNECTION_STRING");
var fullNamespace = Environment.GetEnvironmentVariable("SERVICE_BUS_NAMESPACE");
var seconds = int.Parse(Environment.GetEnvironmentVariable("WAIT_SECONDS") ?? "120", CultureInfo.InvariantCulture);
if (args.Length is 0 or > 2 || (connection ?? fullNamespace) is null)
{
    await Console.Error.WriteLineAsync("Usage: dotnet run -- SOURCE [ID] < identifiers.json");
    await Console.Error.WriteLineAsync(
        "Set SERVICE_BUS_CONNECTION_STRING, or SERVICE_BUS_NAMESPACE to use this machine's identity.");
    return 2;
}

var time = TimeProvider.System;
var source = args[0];
var id = args.Length == 2 ? args[1] : Guid.CreateVersion7(time.GetUtcNow()).ToString();
JsonNode? identifiers;
try
{
    identifiers = JsonNode.Parse(await Console.In.ReadToEndAsync());
}
catch (JsonException)
{
    // The parser's own message may quote what it read.
    await Console.Error.WriteLineAsync(
        """Standard input holds no JSON such as [{"kind": "customer-id", "value": "…"}].""");
    return 2;
}

await using var client = connection is null
    ? new ServiceBusClient(fullNamespace, new DefaultAzureCredential())
    : new ServiceBusClient(connection);
var request = new JsonObject
{
    ["specversion"] = "1.0",
    ["id"] = id,
    ["source"] = source,
    ["type"] = "retention.deletion-requested.v1",
    ["time"] = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
    ["datacontenttype"] = "application/json",
    ["data"] = new JsonObject { ["identifiers"] = identifiers },
};
await client.CreateSender($"requests-{source}").SendMessageAsync(
    new ServiceBusMessage(request.ToJsonString()) { MessageId = id, ContentType = "application/cloudevents+json" });

// A source reads its answers in one place: those to other requests of it are printed and taken as well.
var answers = client.CreateReceiver($"replies-{source}");
var startedAt = time.GetTimestamp();
string? state = null;
while (state is null or "accepted" && time.GetElapsedTime(startedAt).TotalSeconds < seconds)
{
    foreach (var message in await answers.ReceiveMessagesAsync(10, TimeSpan.FromSeconds(2)))
    {
        var data = JsonNode.Parse(message.Body.ToString())!["data"]!;
        Console.WriteLine(data.ToJsonString());
        state = (string?)data["event"] == id ? (string?)data["state"] : state;
        await answers.CompleteMessageAsync(message);
    }
}

return state switch { null => 3, "rejected" => 1, _ => 0 };
