import type { TraceSearch } from "../../api/traces";
import type { TraceInfo } from "../../api/types";
import { TracePages } from "./pages";

let last: { key: string; pages: TracePages } | undefined;

/** The pages of a search; the same ones again while the search is the same, so that going back finds them. */
export function pagesOf(query: TraceSearch): TracePages {
  const key = JSON.stringify(query);
  if (last?.key !== key) {
    last?.pages.close();
    last = { key, pages: new TracePages(query) };
  }
  return last.pages;
}

/** Makes the next look at the list a fresh one. */
export function forgetPages(): void {
  last?.pages.close();
  last = undefined;
}

/** The trace `step` rows away in the list that was looked at last. */
export function neighbour(traceId: string, step: 1 | -1): string | undefined {
  const index = last?.pages.indexOf(traceId);
  if (index === undefined || !last) return undefined;
  // So that the way on does not end where the list was scrolled to.
  last.pages.want(Math.max(0, index + step), index + step + 20);
  return last.pages.row(index + step)?.trace_id;
}

/** Shows the list what became of a trace meanwhile. */
export function refreshRow(trace: TraceInfo): void {
  last?.pages.replace((row) => (row.trace_id === trace.trace_id ? trace : row));
}
