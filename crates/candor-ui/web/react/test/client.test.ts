import { expect, test, vi } from "vitest";

import { FeedbackClient } from "../src/core/client.js";
import { memoryStorage } from "../src/core/storage.js";
import { FakeServer } from "./fake-server.js";

const TARGET = { traceId: "tr-1" };

test("a verdict names the answer, the person, the session and its key", async () => {
  const server = new FakeServer();
  const outcome = await server.client({ userId: "u-1" }).verdict(TARGET, true, "to the point");
  expect(outcome).toEqual({ state: "sent", isPending: false });
  const [request] = server.received;
  expect(request?.url.pathname).toBe("/feedback");
  expect(Object.fromEntries(request?.url.searchParams ?? [])).toEqual({
    trace_id: "tr-1", user_id: "u-1", session_id: "s-1", idempotency_key: request?.key,
  });
  expect(request?.body).toEqual({ is_correct: true, comment: "to the point" });
});

test("scores go as parameters, one per dimension", async () => {
  const server = new FakeServer();
  await server.client().rate({ clientRequestId: "req-1" }, { accuracy: 4, relevance: 3 }, "mostly right");
  const query = Object.fromEntries(server.received[0]?.url.searchParams ?? []);
  expect(query).toMatchObject({ client_request_id: "req-1", accuracy: "4", relevance: "3", comment: "mostly right" });
  expect(server.received[0]?.url.pathname).toBe("/detailed-feedback");
});

test("unknown people are told apart by a session that outlives a reload", () => {
  expect(new FeedbackClient().sessionId).toMatch(/^[0-9a-f]{32}$/);
  expect(new FeedbackClient().sessionId).toBe(new FeedbackClient().sessionId);
});

test("a lost answer is asked for again under the same key and counts once", async () => {
  vi.useFakeTimers();
  const server = new FakeServer();
  server.mishaps.push("lost answer");
  const client = server.client();
  expect(await client.verdict(TARGET, true)).toEqual({ state: "queued" });
  expect(client.outbox.size).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.received).toHaveLength(2);
  expect(server.counted.size).toBe(1);
  expect(client.outbox.size).toBe(0);
  vi.useRealTimers();
});

test("an overloaded server is left alone for as long as it asks", async () => {
  vi.useFakeTimers();
  const server = new FakeServer();
  server.mishaps.push({ status: 503, retryAfter: "30" });
  expect(await server.client().verdict(TARGET, true)).toEqual({ state: "queued" });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(server.counted.size).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.counted.size).toBe(1);
  vi.useRealTimers();
});

test("a refusal is final and says why", async () => {
  const server = new FakeServer();
  server.mishaps.push({ status: 422 });
  const client = server.client();
  expect(await client.verdict(TARGET, true)).toEqual({ state: "failed", status: 422, reason: "told so" });
  expect(client.outbox.size).toBe(0);
});

test("what was given offline is sent by the next page, once", async () => {
  const server = new FakeServer();
  const storage = memoryStorage();
  server.mishaps.push("offline");
  await server.client({ storage }).verdict(TARGET, false, "on the train");
  const next = server.client({ storage });
  expect(next.outbox.size).toBe(1);
  next.outbox.flush();
  await vi.waitFor(() => expect(next.outbox.size).toBe(0));
  expect([...server.counted.values()].map(({ body }) => body)).toEqual([{ is_correct: false, comment: "on the train" }]);
  expect(storage.length).toBe(0);
});

test("two tabs that send the same parcel make it count once", async () => {
  const server = new FakeServer();
  const storage = memoryStorage();
  server.mishaps.push("offline");
  await server.client({ storage }).verdict(TARGET, true);
  const tabs = [server.client({ storage }), server.client({ storage })];
  tabs.forEach((tab) => tab.outbox.flush());
  await vi.waitFor(() => expect(tabs.map((tab) => tab.outbox.size)).toEqual([0, 0]));
  expect(server.counted.size).toBe(1);
});

test("the last word arrives last, also after the first was lost", async () => {
  const server = new FakeServer();
  const client = server.client();
  server.mishaps.push("lost answer");
  await client.verdict(TARGET, true);
  const second = client.verdict(TARGET, false);
  client.outbox.flush();
  await second;
  await vi.waitFor(() => expect(client.outbox.size).toBe(0));
  expect(server.received.map(({ body }) => body?.["is_correct"])).toEqual([true, true, false]);
  expect(server.counted.size).toBe(2);
});

test("a word that was never sent is replaced by the next", async () => {
  const server = new FakeServer();
  const client = server.client();
  await Promise.all([client.verdict(TARGET, true), client.verdict(TARGET, false), client.withdraw(TARGET)]);
  await vi.waitFor(() => expect(client.outbox.size).toBe(0));
  expect(server.received.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
});

test("withdrawing what the server does not have is done", async () => {
  const server = new FakeServer();
  server.mishaps.push({ status: 404 });
  expect(await server.client({ userId: "u-1" }).withdraw(TARGET)).toEqual({ state: "sent", isPending: false });
  expect(server.received[0]?.url.href).toContain("/api/v1/feedback?trace_id=tr-1&name=user_feedback&user_id=u-1");
});

test("a page that goes hands what waits to the browser, under the same key", async () => {
  const server = new FakeServer();
  server.mishaps.push("offline");
  const client = server.client();
  await client.verdict(TARGET, true);
  const sendBeacon = vi.fn<(url: string, body: Blob) => boolean>(() => true);
  Object.defineProperty(navigator, "sendBeacon", { value: sendBeacon, configurable: true });
  client.outbox.leave();
  Reflect.deleteProperty(navigator, "sendBeacon");
  const [url, body] = sendBeacon.mock.calls[0] ?? [];
  expect(body?.type).toBe("application/json");
  // It stays in the queue, since nobody knows whether it arrived; the key makes it count once.
  expect(client.outbox.size).toBe(1);
  client.outbox.flush();
  await vi.waitFor(() => expect(client.outbox.size).toBe(0));
  expect(new URL(url ?? "").searchParams.get("idempotency_key")).toBe(server.received[0]?.key);
});

test("a full storage loses nothing while the page lives", async () => {
  const server = new FakeServer();
  const storage = memoryStorage();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  server.mishaps.push("offline");
  const client = server.client({ storage });
  expect(await client.verdict(TARGET, true)).toEqual({ state: "queued" });
  client.outbox.flush();
  await vi.waitFor(() => expect(client.outbox.size).toBe(0));
  expect(server.counted.size).toBe(1);
});
