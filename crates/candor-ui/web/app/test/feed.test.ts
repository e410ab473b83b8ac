import { expect, test } from "vitest";
import type { Verdict } from "../src/api/types";
import { EMPTY, step } from "../src/pages/live/feed";

const verdict = (id: string, value: boolean): Verdict => ({
  assessment_id: id, trace_id: "tr", span_id: null, name: "user_feedback", value, error: null, rationale: null, source: { type: "HUMAN", id: "u" },
  create_time: "", overrides: null, valid: true, retracted: false, pending: false,
});

test("verdicts are counted as they come, the latest first", () => {
  const feed = [verdict("a", true), verdict("b", false)].reduce((old, one) => step(old, { type: "verdict", verdict: one }), EMPTY);
  expect(feed).toMatchObject({ total: 2, positive: 1, negative: 1 });
  expect(feed.verdicts.map((one) => one.assessment_id)).toEqual(["b", "a"]);
});

test("while paused they wait, are counted, and then come in order", () => {
  let feed = step(EMPTY, { type: "verdict", verdict: verdict("a", true) });
  feed = step(feed, { type: "pause" });
  feed = step(feed, { type: "verdict", verdict: verdict("b", true) });
  expect(feed).toMatchObject({ total: 2, isPaused: true });
  expect(feed.verdicts).toHaveLength(1);
  feed = step(feed, { type: "pause" });
  expect(feed.verdicts.map((one) => one.assessment_id)).toEqual(["b", "a"]);
  expect(feed.waiting).toEqual([]);
});
