// Run by the test JavaScriptJudgeTests, which starts the endpoint and makes the queues:
//   BUS_CONNECTION_STRING=... node --test
// A queue for each test; "short" has locks of 1.5 s, deliveries up to 3 and a duplicate window of 2 s. The waits are for
// messages, never for time to pass.
import assert from "node:assert/strict";
import { after, afterEach, beforeEach, test } from "node:test";
import { ServiceBusClient } from "@azure/service-bus";

const soon = { maxWaitTimeInMs: 20_000 };
const nothing = { maxWaitTimeInMs: 500 };
const client = new ServiceBusClient(process.env.BUS_CONNECTION_STRING);
let names = 0;
let queue, sender, receiver, dead;

beforeEach(() => open(`js-${++names}`));
afterEach(close);
after(() => client.close());

function open(name) {
  queue = name;
  sender = client.createSender(queue);
  receiver = client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
  dead = client.createReceiver(queue, { subQueueType: "deadLetter" });
}

async function close() {
  await Promise.all([sender.close(), receiver.close(), dead.close()]);
}

async function useShortQueue() {
  await close();
  open("short");
}

async function one(from = receiver, wait = soon) {
  const [message] = await from.receiveMessages(1, wait);
  return message;
}

async function many(count) {
  const got = [];
  while (got.length < count) {
    const some = await receiver.receiveMessages(count - got.length, soon);
    assert.notEqual(some.length, 0, `only ${got.length} of ${count} came`);
    got.push(...some);
  }
  return got;
}

test("all that a sender says arrives", async () => {
  await sender.sendMessages({
    messageId: "id-1", correlationId: "correlation-1", subject: "subject-1", contentType: "application/cloudevents+json",
    body: { kind: "deletion", numbers: [1, 2, 3] }, applicationProperties: { text: "täxt", number: 42, yes: true },
  });
  const got = await one();
  assert.deepEqual(got.body, { kind: "deletion", numbers: [1, 2, 3] });
  assert.deepEqual(
    [got.messageId, got.correlationId, got.subject, got.contentType],
    ["id-1", "correlation-1", "subject-1", "application/cloudevents+json"]);
  assert.deepEqual({ ...got.applicationProperties }, { text: "täxt", number: 42, yes: true });
  assert.ok(got.lockToken && got.sequenceNumber.greaterThan(0));
  assert.ok(Math.abs(got.enqueuedTimeUtc - Date.now()) < 60_000);
  assert.ok(got.lockedUntilUtc > got.enqueuedTimeUtc);
  await receiver.completeMessage(got);
});

test("a batch is as many messages as were put in", async () => {
  const batch = await sender.createMessageBatch();
  assert.equal(batch.maxSizeInBytes, 256 * 1024);
  for (let number = 0; number < 300; number++) {
    assert.ok(batch.tryAddMessage({ body: `body ${number}`, messageId: `${number}` }));
  }
  await sender.sendMessages(batch);
  const got = await many(300);
  assert.deepEqual(new Set(got.map(message => message.body)), new Set(Array.from({ length: 300 }, (_, number) => `body ${number}`)));
  await Promise.all(got.map(message => receiver.completeMessage(message)));
});

test("a message that is too large is refused and the next is not", async () => {
  await assert.rejects(sender.sendMessages({ body: Buffer.alloc(300_000) }), { code: "MessageSizeExceeded" });
  await sender.sendMessages({ body: "small" });
  assert.equal((await one()).body, "small");
});

test("a queue that is not there is not found", async () => {
  const nowhere = client.createSender("nowhere");
  await assert.rejects(nowhere.sendMessages({ body: "x" }), { code: "MessagingEntityNotFound" });
  await nowhere.close();
});

test("a locked message is nobody else's and a completed one is gone", async () => {
  await sender.sendMessages({ body: "1" });
  const message = await one();
  const other = client.createReceiver(queue);
  assert.equal(await one(other, nothing), undefined);
  await receiver.completeMessage(message);
  assert.deepEqual(await receiver.peekMessages(1), []);
  await other.close();
});

test("a renewed lock holds", async () => {
  await sender.sendMessages({ body: "1" });
  const message = await one();
  const before = message.lockedUntilUtc;
  const until = await receiver.renewMessageLock(message);
  assert.ok(until >= before && until - Date.now() > 50_000);
  await receiver.completeMessage(message);
});

test("when a lock ends the message comes back and the old lock settles nothing", async () => {
  await useShortQueue();
  await sender.sendMessages({ body: "1" });
  const first = await one();
  const second = await one();
  assert.equal(second.sequenceNumber.toString(), first.sequenceNumber.toString());
  assert.equal(second.deliveryCount, first.deliveryCount + 1);
  await assert.rejects(receiver.completeMessage(first), { code: "MessageLockLost" });
  await assert.rejects(receiver.renewMessageLock(first), { code: "MessageLockLost" });
  await receiver.completeMessage(second);
  assert.deepEqual(await receiver.peekMessages(1), []);
});

test("an abandoned message comes again at once and dies after too many deliveries", async () => {
  await useShortQueue();
  await sender.sendMessages({ body: "1" });
  for (let delivery = 1; delivery <= 3; delivery++) {
    await receiver.abandonMessage(await one());
  }
  assert.equal(await one(receiver, nothing), undefined);
  const letter = await one(dead);
  assert.equal(letter.deadLetterReason, "MaxDeliveryCountExceeded");
  await dead.completeMessage(letter);
});

test("a dead letter says why and keeps the rest", async () => {
  await sender.sendMessages({ body: "body", messageId: "1", applicationProperties: { own: 7 } });
  await receiver.deadLetterMessage(await one(), { deadLetterReason: "bad-work", deadLetterErrorDescription: "It has no rule." });
  assert.equal(await one(receiver, nothing), undefined);
  const letter = await one(dead);
  assert.deepEqual(
    [letter.deadLetterReason, letter.deadLetterErrorDescription, letter.messageId, letter.body, letter.applicationProperties.own],
    ["bad-work", "It has no rule.", "1", "body", 7]);
  await dead.completeMessage(letter);
  assert.deepEqual(await dead.peekMessages(1), []);
});

test("a scheduled message comes at its time and not when it was cancelled", async () => {
  const at = new Date(Date.now() + 2_500);
  const numbers = await sender.scheduleMessages([{ body: "1" }, { body: "2" }], at);
  await sender.cancelScheduledMessages(numbers[0]);
  const seen = await receiver.peekMessages(10);
  assert.deepEqual(seen.map(message => [message.body, message.state]), [["2", "scheduled"]]);
  const message = await one();
  assert.equal(message.body, "2");
  assert.ok(Date.now() >= at.getTime());
  await receiver.completeMessage(message);
  assert.equal(await one(receiver, nothing), undefined);
  await assert.rejects(sender.cancelScheduledMessages(numbers[1]), { code: "MessageNotFound" });
});

test("a duplicate is dropped", async () => {
  await sender.sendMessages({ body: "first", messageId: "1" });
  await sender.sendMessages({ body: "second", messageId: "1" });
  await sender.sendMessages([{ body: "third", messageId: "1" }, { body: "other", messageId: "2" }]);
  assert.deepEqual((await receiver.peekMessages(10)).map(message => message.body), ["first", "other"]);
});

test("an empty queue is drained and what comes later is delivered once", async () => {
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(await receiver.receiveMessages(10, { maxWaitTimeInMs: 300 }), []);
    await sender.sendMessages(Array.from({ length: 7 }, (_, number) => ({ body: `${round} ${number}` })));
    const got = await many(7);
    assert.ok(got.every(message => message.deliveryCount === 0), "each for the first time");
    await Promise.all(got.map(message => receiver.completeMessage(message)));
  }
  assert.deepEqual(await receiver.peekMessages(1), []);
});

test("a look shows what is locked and takes nothing", async () => {
  await sender.sendMessages([{ body: "locked" }, { body: "ready" }]);
  const locked = await one();
  const seen = await receiver.peekMessages(10);
  assert.deepEqual(seen.map(message => message.body), ["locked", "ready"]);
  const again = await receiver.peekMessages(1, { fromSequenceNumber: seen[1].sequenceNumber });
  assert.deepEqual(again.map(message => message.body), ["ready"]);
  assert.equal((await one()).body, "ready");
  await receiver.completeMessage(locked);
});

test("a receiver that deletes leaves none", async () => {
  await sender.sendMessages(Array.from({ length: 20 }, (_, number) => ({ body: number })));
  const deleting = client.createReceiver(queue, { receiveMode: "receiveAndDelete" });
  const got = [];
  while (got.length < 20) {
    const some = await deleting.receiveMessages(Math.min(6, 20 - got.length), soon);
    assert.notEqual(some.length, 0);
    got.push(...some.map(message => message.body));
  }
  assert.deepEqual(got, Array.from({ length: 20 }, (_, number) => number));
  assert.deepEqual(await deleting.peekMessages(1), []);
  await deleting.close();
});

test("a subscription gets each message once", async () => {
  const seen = new Set();
  let twice = 0;
  const done = new Promise((resolve, reject) => {
    receiver.subscribe({
      async processMessage(message) {
        twice += seen.has(message.body) ? 1 : 0;
        seen.add(message.body);
        await receiver.completeMessage(message);
        if (seen.size === 200) resolve();
      },
      async processError(failure) { reject(failure.error); },
    }, { autoCompleteMessages: false, maxConcurrentCalls: 8 });
  });
  await Promise.all(Array.from({ length: 200 }, (_, number) => sender.sendMessages({ body: number })));
  await done;
  assert.equal(twice, 0);
  assert.deepEqual(await receiver.peekMessages(1), []);
});

test("twenty connections one after another are all answered", async () => {
  for (let number = 0; number < 20; number++) {
    const fresh = new ServiceBusClient(process.env.BUS_CONNECTION_STRING);
    const out = fresh.createSender(queue);
    await out.sendMessages({ body: number });
    await fresh.close();
  }
  assert.equal((await receiver.peekMessages(50)).length, 20);
});
