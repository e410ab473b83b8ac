import { expect, test } from "vitest";
import type { Assessment } from "../src/api/types";
import { remark, standings, thumbs, valueOf, valueText } from "../src/logic/verdicts";

function verdict(id: string, more: Partial<Assessment> = {}): Assessment {
  return {
    assessment_id: id, assessment_name: "user_feedback", trace_id: "tr", source: { source_type: "HUMAN", source_id: "ada" },
    create_time: `2026-01-01T00:00:0${id.slice(-1)}Z`, feedback: { value: true }, valid: true, ...more,
  };
}

test("a verdict stands with all that it replaced", () => {
  const all = [verdict("a-1", { valid: false }), verdict("a-2", { overrides: "a-1", valid: false }), verdict("a-3", { overrides: "a-2", feedback: { value: false } })];
  const [standing, ...others] = standings(all);
  expect(others).toEqual([]);
  expect(standing?.current.assessment_id).toBe("a-3");
  expect(standing?.history.map((one) => one.assessment_id)).toEqual(["a-2", "a-1"]);
});

test("a withdrawal stands as one, and counts for nothing", () => {
  const all = [verdict("a-1", { valid: false }), verdict("a-2", { overrides: "a-1", valid: false, feedback: { value: null }, metadata: { "candor.retracted": "true" } })];
  expect(standings(all)).toMatchObject([{ isWithdrawn: true, history: [{ assessment_id: "a-1" }] }]);
  expect(thumbs(all)).toEqual({ up: 0, down: 0 });
});

test("only valid thumbs are counted, one for each person", () => {
  const all = [verdict("a-1", { valid: false }), verdict("a-2", { feedback: { value: false } }), verdict("a-3"), verdict("a-4", { assessment_name: "quality" })];
  expect(thumbs(all)).toEqual({ up: 1, down: 1 });
});

test("the unhappy are quoted first, and people before machines", () => {
  const judge = verdict("a-1", { source: { source_type: "LLM_JUDGE" }, rationale: "grounded" });
  const happy = verdict("a-2", { rationale: "good" });
  const unhappy = verdict("a-3", { rationale: "bad", feedback: { value: false } });
  expect(remark([judge, happy, unhappy])).toBe("bad");
  expect(remark([judge, happy])).toBe("good");
  expect(remark([judge])).toBe("");
});

test("people's thumbs come before other people's values and those before machines'", () => {
  const all = [verdict("a-3", { assessment_name: "groundedness", source: { source_type: "LLM_JUDGE" } }), verdict("a-2", { assessment_name: "user_accuracy" }), verdict("a-1")];
  expect(standings(all).map(({ current }) => current.assessment_name)).toEqual(["user_feedback", "user_accuracy", "groundedness"]);
});

test("nested expectations are read from their text", () => {
  expect(valueOf(verdict("a-1", { expectation: { serialized_value: { value: '{"a":[1]}' } } }))).toEqual({ a: [1] });
});

test("values are shown shortly", () => {
  expect([valueText(0.123456), valueText(["a", "b"]), valueText({ a: 1 }), valueText(null)]).toEqual(["0.123", "a, b", '{"a":1}', "–"]);
});
