import { describe, expect, test } from "vitest";
import { accept, both, complete, errorColumn, periodFilter, quoted } from "../src/logic/filter";

const options = (text: string) => complete(text, text.length).options;

describe("completion of a filter", () => {
  test("begins with fields", () => {
    expect(options("")).toContain("feedback.user_feedback");
    expect(options("trace.st")).toEqual(["trace.status"]);
  });

  test("goes on with what may follow the field, then with its values, then with AND", () => {
    expect(options("trace.status ")).toEqual(["=", "!="]);
    expect(options("trace.status = ")).toEqual(["'OK'", "'ERROR'", "'IN_PROGRESS'"]);
    expect(options("trace.status = 'OK' ")).toEqual(["AND"]);
    expect(options("tags.x IS NOT NULL ")).toEqual(["AND"]);
  });

  test("begins anew behind AND", () => {
    expect(options("trace.status = 'OK' AND span.na")).toEqual(["span.name"]);
  });

  test("is silent inside of quotes, where AND is a word like any other", () => {
    expect(options("trace.text LIKE 'this AND sp")).toEqual([]);
  });

  test("replaces the word at the caret and keeps what stands behind it", () => {
    const text = "trace.sta = 'OK'";
    const taken = accept(text, 9, complete(text, 9), "trace.status");
    expect(taken).toEqual({ text: "trace.status = 'OK'", caret: 13 });
  });

  test("leaves the caret at a field that wants a key", () => {
    expect(accept("tag", 3, complete("tag", 3), "tags.")).toEqual({ text: "tags.", caret: 5 });
  });
});

test("the server's column is read, counted from nought", () => {
  expect(errorColumn('Unknown comparator "==" at column 24; allowed: =')).toBe(23);
  expect(errorColumn("timeout")).toBeUndefined();
});

test("conditions are joined, empty ones left out", () => {
  expect(both("a = 1", " ", "b = 2")).toBe("a = 1 AND b = 2");
});

test("a period is a condition on the trace's time", () => {
  const now = Date.UTC(2026, 0, 2);
  expect(periodFilter({ experiment: "", hours: 24 }, now)).toBe(`trace.timestamp_ms >= ${now - 86_400_000}`);
  const chosen = { experiment: "", hours: 24, from: "2026-01-01T00:00:00Z", until: "2026-01-01T01:00:00Z" };
  expect(periodFilter(chosen, now)).toBe("trace.timestamp_ms >= 1767225600000 AND trace.timestamp_ms < 1767229200000");
});

test("a text is quoted as the language can, or not at all", () => {
  expect(quoted("plain")).toBe("'plain'");
  expect(quoted("it's")).toBe('"it\'s"');
  expect(quoted(`both ' and "`)).toBeUndefined();
});
