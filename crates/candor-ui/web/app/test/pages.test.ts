import { expect, test, vi } from "vitest";
import type { search } from "../src/api/traces";
import { PAGE_SIZE, TracePages } from "../src/pages/traces/pages";

const QUERY = { experiments: ["0"], filter: "", orderBy: "timestamp_ms DESC" };

/** A server of `count` traces whose page tokens are page numbers. */
function server(count: number) {
  return vi.fn<typeof search>(async (_query, size, token) => {
    const first = Number(token ?? 0) * size;
    const traces = Array.from({ length: Math.min(size, count - first) }, (_, index) => ({ trace_id: `tr-${first + index}`, request_time: "", state: "OK" }));
    return first + size < count ? { traces, next_page_token: String(first / size + 1) } : { traces };
  });
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
async function reach(pages: TracePages, row: number) {
  pages.want(row, row);
  for (let turn = 0; turn < 1000 && !pages.row(row); turn += 1) await settled();
}

test("pages come as they are wanted, and the end is known", async () => {
  const fetchPage = server(PAGE_SIZE + 5);
  const pages = new TracePages(QUERY, fetchPage);
  await reach(pages, 0);
  expect(pages.snapshot()).toMatchObject({ rows: PAGE_SIZE, isComplete: false });
  await reach(pages, PAGE_SIZE + 4);
  expect(pages.snapshot()).toMatchObject({ rows: PAGE_SIZE + 5, isComplete: true, isLoading: false });
  expect(fetchPage).toHaveBeenCalledTimes(2);
});

test("rows out of sight are forgotten and fetched again by their token", async () => {
  const fetchPage = server(PAGE_SIZE * 120);
  const pages = new TracePages(QUERY, fetchPage);
  await reach(pages, PAGE_SIZE * 100);
  expect(pages.row(0)).toBeUndefined();
  const calls = fetchPage.mock.calls.length;
  await reach(pages, 0);
  expect(pages.row(0)?.trace_id).toBe("tr-0");
  expect(fetchPage.mock.calls.length).toBe(calls + 1);
  expect(pages.snapshot().rows).toBe(PAGE_SIZE * 101);
});

test("after an error nothing is asked until somebody wants to try again", async () => {
  const good = server(3);
  const fetchPage = vi.fn<typeof search>().mockRejectedValueOnce(new Error("down")).mockImplementation(good);
  const pages = new TracePages(QUERY, fetchPage);
  pages.want(0, 10);
  await settled();
  pages.want(0, 10);
  await settled();
  expect(fetchPage).toHaveBeenCalledTimes(1);
  expect(pages.snapshot().error).toBeInstanceOf(Error);
  pages.retry();
  await reach(pages, 0);
  expect(pages.snapshot()).toMatchObject({ error: undefined, rows: 3, isComplete: true });
});

test("a trace is found in the pages that are held", async () => {
  const pages = new TracePages(QUERY, server(PAGE_SIZE * 2));
  await reach(pages, PAGE_SIZE + 1);
  expect(pages.indexOf(`tr-${PAGE_SIZE + 1}`)).toBe(PAGE_SIZE + 1);
  expect(pages.indexOf("tr-none")).toBeUndefined();
});
