// Sends one deletion request and prints what is answered.
//   node send.js SOURCE [ID] < identifiers.json
// SOURCE is this system's name in the policy; ID is the request's, never a person's. Sending an ID again is safe.
import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { DefaultAzureCredential } from "@azure/identity";
import { ServiceBusClient } from "@azure/service-bus";

const [source, id = randomUUID()] = process.argv.slice(2);
const { SERVICE_BUS_CONNECTION_STRING, SERVICE_BUS_NAMESPACE, WAIT_SECONDS = "120" } = process.env;
if (!source || !(SERVICE_BUS_CONNECTION_STRING || SERVICE_BUS_NAMESPACE)) {
  console.error("Usage: node send.js SOURCE [ID] < identifiers.json");
  console.error("Set SERVICE_BUS_CONNECTION_STRING, or SERVICE_BUS_NAMESPACE to use this machine's identity.");
  process.exit(2);
}

let identifiers;
try {
  identifiers = JSON.parse(await text(process.stdin));
} catch {
  // The parser's own message quotes what it read.
  console.error('Standard input holds no JSON such as [{"kind": "customer-id", "value": "…"}].');
  process.exit(2);
}

const client = SERVICE_BUS_CONNECTION_STRING
  ? new ServiceBusClient(SERVICE_BUS_CONNECTION_STRING)
  : new ServiceBusClient(SERVICE_BUS_NAMESPACE, new DefaultAzureCredential());
await client.createSender(`requests-${source}`).sendMessages({
  messageId: id,
  contentType: "application/cloudevents+json",
  body: {
    specversion: "1.0",
    id,
    source,
    type: "retention.deletion-requested.v1",
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    data: { identifiers },
  },
});

// A source reads its answers in one place: those to other requests of it are printed and taken as well.
const answers = client.createReceiver(`replies-${source}`);
const until = Date.now() + 1000 * Number(WAIT_SECONDS);
let state;
while ((state === undefined || state === "accepted") && Date.now() < until) {
  for (const message of await answers.receiveMessages(10, { maxWaitTimeInMs: 2000 })) {
    const { data } = message.body;
    console.log(JSON.stringify(data));
    state = data.event === id ? data.state : state;
    await answers.completeMessage(message);
  }
}

await client.close();
process.exit(state === undefined ? 3 : state === "rejected" ? 1 : 0);
