import { useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import type { TraceSearch } from "../../api/traces";
import { both, periodFilter } from "../../logic/filter";
import { useLocations } from "../../state/experiments";
import { useScope } from "../../state/scope";

export const SORTS = { time: "timestamp_ms", duration: "execution_time_ms", state: "status", name: "name" } as const;
export const DEFAULT_SORT = "timestamp_ms DESC";

export const COLUMNS = ["verdict", "question", "answer", "comment", "time", "duration", "state", "name", "user", "session", "tags", "id"] as const;
export type Column = (typeof COLUMNS)[number];
const DEFAULT_COLUMNS: Column[] = ["verdict", "question", "answer", "comment", "time", "duration"];

/** What the list shows, all of it from the URL. */
export interface ListView {
  filter: string;
  sort: string;
  columns: Column[];
}

export function readView(parameters: URLSearchParams): ListView {
  const named = (parameters.get("columns") ?? "").split(",").filter((name): name is Column => COLUMNS.includes(name as Column));
  return {
    filter: parameters.get("filter") ?? "",
    sort: parameters.get("sort") ?? DEFAULT_SORT,
    // The verdict is the point of the list: it stays.
    columns: named.length === 0 ? DEFAULT_COLUMNS : COLUMNS.filter((name) => name === "verdict" || named.includes(name)),
  };
}

/** The parameter for a choice of columns; none for the usual ones. */
export function columnsText(columns: Column[]): string | undefined {
  return columns.join() === DEFAULT_COLUMNS.join() ? undefined : columns.join();
}

export function useView(): ListView {
  const [parameters] = useSearchParams();
  return useMemo(() => readView(parameters), [parameters]);
}

/** The search that the URL asks for; undefined until the experiments are known. */
export function useSearch(): TraceSearch | undefined {
  const scope = useScope();
  const { filter, sort } = useView();
  const locations = useLocations(scope)?.join(",");
  // The period begins where it began when the page was opened, so that pages of one list fit.
  const [opened] = useState(() => Math.floor(Date.now() / 60_000) * 60_000);
  return useMemo(() => {
    if (locations === undefined) return undefined;
    const period = periodFilter(scope, opened);
    return { experiments: locations.split(",").filter(Boolean), filter: both(period, filter), orderBy: sort };
  }, [scope, filter, sort, locations, opened]);
}
