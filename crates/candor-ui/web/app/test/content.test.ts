import { expect, test } from "vitest";
import { gist, messages, oneLine } from "../src/logic/content";
import { csv, jsonLines } from "../src/logic/export";
import { duration, durationMs } from "../src/logic/format";
import { readValue } from "../src/logic/draft";

test("the question is found in every common form of inputs", () => {
  expect(gist("plain", "question")).toBe("plain");
  expect(gist('{"message":"hi"}', "question")).toBe("hi");
  expect(gist('{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]}', "question")).toBe("hi");
  expect(gist('{"anything":"the only text","n":1}', "question")).toBe("the only text");
  expect(gist('{"broken', "question")).toBe('{"broken');
});

test("the answer is found in completions", () => {
  expect(gist('{"choices":[{"message":{"role":"assistant","content":"yes"}}]}', "answer")).toBe("yes");
});

test("messages of several parts and calls of tools are read", () => {
  const found = messages([{ role: "user", content: [{ type: "text", text: "look" }] }, { role: "assistant", content: null, tool_calls: [{ id: 1 }] }]);
  expect(found).toEqual([{ role: "user", text: "look" }, { role: "assistant", text: '{"id":1}' }]);
  expect(messages({ a: 1 })).toBeUndefined();
});

test("marks of Markdown are left out of one line", () => {
  expect(oneLine("# Title\n**bold** `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |")).toBe("Title bold code · a · b · 1 · 2 ·");
});

test("a spreadsheet runs nothing of what is exported, and loses nothing", () => {
  const trace = { trace_id: "tr-1", request_time: "t", state: "OK", request_preview: '=HYPERLINK("x")', response_preview: "two\nlines" };
  const text = csv([trace]);
  expect(text).toContain('"\'=HYPERLINK(""x"")"');
  expect(text).toContain('"two\nlines"');
  expect(text.split("\r\n")).toHaveLength(3);
  expect(JSON.parse(jsonLines([trace]))).toEqual(trace);
});

test("durations are read from the wire and written for people", () => {
  expect(durationMs("1.500s")).toBe(1500);
  expect(durationMs(undefined)).toBeUndefined();
  expect([duration(0.25), duration(350), duration(1890), duration(61_000), duration(undefined)]).toEqual(["250 µs", "350 ms", "1.89 s", "1 min 1 s", "–"]);
});

test("what is typed becomes a value of its kind, or none", () => {
  expect(readValue("number", "0.5")).toBe(0.5);
  expect(readValue("number", " ")).toBeUndefined();
  expect(readValue("json", '["a"]')).toEqual(["a"]);
  expect(readValue("json", "{")).toBeUndefined();
  expect(readValue("boolean", "false")).toBe(false);
});
