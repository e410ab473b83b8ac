import { expect, test } from "vitest";

import { EventStreamParser } from "../src/core/event-stream.js";

const STREAM = [
  ": a comment\r\n\r\n",
  'id: a.0\ndata: {"type":"start"}\n\n',
  "id: a.1\r\nevent: token\r\ndata: Grüße, 世界 👋\r\n\r\n",
  "data: two\rdata: lines\r\r",
  "retry: 5\nunknown: x\ndata\n\n",
  "data: never finished\n",
].join("");

const EVENTS = [
  { data: '{"type":"start"}', event: "message", id: "a.0" },
  { data: "Grüße, 世界 👋", event: "token", id: "a.1" },
  { data: "two\nlines", event: "message", id: "a.1" },
  { data: "", event: "message", id: "a.1" },
];

function read(chunks: Uint8Array[]) {
  const parser = new EventStreamParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

test("events are the same wherever the bytes are cut", () => {
  const bytes = new TextEncoder().encode(STREAM);
  expect(read([bytes])).toEqual(EVENTS);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    expect(read([bytes.slice(0, cut), bytes.slice(cut)]), `cut at ${String(cut)}`).toEqual(EVENTS);
  }
  expect(read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(EVENTS);
});

test("an event that was not finished is none", () => {
  expect(read([new TextEncoder().encode("data: half")])).toEqual([]);
});
