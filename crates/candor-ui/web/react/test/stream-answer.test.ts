import { expect, test, vi } from "vitest";

import { type AnswerEvent, streamAnswer, type StreamOptions } from "../src/core/stream-answer.js";

const START = 'id: a.0\ndata: {"type":"start","trace_id":"tr-1"}\n\n';
const HELLO = 'id: a.1\ndata: {"type":"token","content":"Hello"}\n\n';
const WORLD = 'id: a.2\ndata: {"type":"token","content":" world"}\n\n';
const DONE = 'id: a.3\ndata: {"type":"done","trace_id":"tr-1"}\n\n';

/** A body that ends, or breaks off, after its text. */
function body(text: string, ending: "end" | "break" = "end"): Response {
  let isSent = false;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (!isSent) controller.enqueue(new TextEncoder().encode(text));
        else if (ending === "end") controller.close();
        else controller.error(new TypeError("network error"));
        isSent = true;
      },
    }),
  );
}

async function ask(answers: Response[], options: Partial<StreamOptions> = {}) {
  const fetcher = vi.fn<typeof fetch>(() => {
    const answer = answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("Failed to fetch"));
  });
  const events: AnswerEvent[] = [];
  const stream = streamAnswer({ url: "/chat/stream", body: { message: "?" }, fetch: fetcher, resumeDelayMs: 0, ...options });
  for await (const event of stream) events.push(event);
  const lastEventIds = fetcher.mock.calls.map(([, init]) => new Headers(init?.headers).get("Last-Event-ID"));
  return { events, lastEventIds };
}

const WHOLE = [
  { type: "start", traceId: "tr-1" },
  { type: "token", content: "Hello" },
  { type: "token", content: " world" },
  { type: "done", traceId: "tr-1" },
];

test("an answer is read to its end", async () => {
  expect((await ask([body(START + HELLO + WORLD + DONE)])).events).toEqual(WHOLE);
});

test("a stream that breaks off is resumed where it broke, and half an event is not taken twice", async () => {
  const { events, lastEventIds } = await ask([body(START + HELLO + WORLD.slice(0, 20), "break"), body(WORLD + DONE)]);
  expect(events).toEqual(WHOLE);
  expect(lastEventIds).toEqual([null, "a.1"]);
});

test("a stream that just ends without its last event is resumed, too", async () => {
  expect((await ask([body(START + HELLO), body(WORLD + DONE)])).events).toEqual(WHOLE);
});

test("a server that stays away ends the answer with an error", async () => {
  const { events, lastEventIds } = await ask([body(START)], { maxResumptions: 3 });
  expect(events.at(-1)).toEqual({ type: "error", error: "the connection was lost" });
  expect(lastEventIds).toHaveLength(4);
});

test("a stream without event ids is not asked for again, since that would be another answer", async () => {
  const { events, lastEventIds } = await ask([body('data: {"type":"token","content":"Hello"}\n\n', "break")]);
  expect(events.map(({ type }) => type)).toEqual(["token", "error"]);
  expect(lastEventIds).toHaveLength(1);
});

test("a refusal says why", async () => {
  const refusal = Response.json({ detail: "message: is required" }, { status: 422 });
  expect((await ask([refusal])).events).toEqual([{ type: "error", error: "message: is required" }]);
});

test("an error event ends the answer", async () => {
  const { events } = await ask([body('data: {"type":"error","error":"the model is away"}\n\n' + DONE)]);
  expect(events).toEqual([{ type: "error", error: "the model is away" }]);
});

test("events of kinds that are not known are passed over", async () => {
  expect((await ask([body(START + 'data: {"type":"usage"}\n\n' + HELLO + WORLD + DONE)])).events).toEqual(WHOLE);
});

test("aborting ends the reading with the reason", async () => {
  const controller = new AbortController();
  const reading = async () => {
    const stream = streamAnswer({
      url: "/chat/stream", body: {}, signal: controller.signal, fetch: () => Promise.resolve(body(START + HELLO)), resumeDelayMs: 60_000,
    });
    for await (const event of stream) if (event.type === "token") queueMicrotask(() => controller.abort(new Error("enough")));
  };
  await expect(reading()).rejects.toThrow("enough");
});
