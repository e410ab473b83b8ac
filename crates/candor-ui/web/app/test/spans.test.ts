import { expect, test } from "vitest";
import type { WireSpan } from "../src/api/types";
import { extent, plain, spanTree } from "../src/logic/spans";

const ID = { root: "AAAAAAAAAAE=", first: "AAAAAAAAAAI=", second: "AAAAAAAAAAM=", leaf: "AAAAAAAAAAQ=" };

function span(name: keyof typeof ID, parent: keyof typeof ID | undefined, startMs: number, endMs?: number): WireSpan {
  return {
    span_id: ID[name],
    ...(parent && { parent_span_id: ID[parent] }),
    name,
    start_time_unix_nano: (1_700_000_000_000 + startMs) * 1e6,
    ...(endMs !== undefined && { end_time_unix_nano: (1_700_000_000_000 + endMs) * 1e6 }),
  };
}

test("spans stand in the order of their tree, whatever order they came in", () => {
  const tree = spanTree([span("leaf", "second", 60, 70), span("second", "root", 50, 90), span("first", "root", 10, 40), span("root", undefined, 0, 100)]);
  expect(tree.map(({ name, depth }) => [name, depth])).toEqual([["root", 0], ["first", 1], ["second", 1], ["leaf", 2]]);
  expect(tree.map(({ start }) => Math.round(start))).toEqual([0, 10, 50, 60]);
  expect(extent(tree)).toBeCloseTo(100, 2);
});

test("ids are hex, as assessments name them", () => {
  expect(spanTree([span("leaf", undefined, 0)])[0]).toMatchObject({ id: "0000000000000004", end: undefined });
});

test("a span whose parent is missing is a root, and a circle is shown all the same", () => {
  expect(spanTree([span("leaf", "second", 0, 1)]).map(({ depth }) => depth)).toEqual([0]);
  expect(spanTree([span("first", "second", 0, 1), span("second", "first", 1, 2)]).map(({ name }) => name)).toEqual(["first", "second"]);
});

test("values of every kind are read", () => {
  const value = { kvlist_value: { values: [{ key: "n", value: { int_value: "7" } }, { key: "list", value: { array_value: { values: [{ bool_value: false }, { double_value: 0.5 }] } } }] } };
  expect(plain(value)).toEqual({ n: 7, list: [false, 0.5] });
  expect(plain(undefined)).toBeNull();
});
