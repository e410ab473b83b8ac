import { useCallback, useMemo } from "react";
import { useSearchParams } from "wouter";

/** Which traces a page is about: it stands in the URL, so that a link shows the same. */
export interface Scope {
  /** Experiment id; empty for all. */
  experiment: string;
  hours: number;
  /** RFC 3339; instead of `hours`. */
  from?: string | undefined;
  until?: string | undefined;
}

/** What can be chosen, in hours. */
export const PERIODS = { "24h": 24, "7d": 168, "30d": 720, "90d": 2160, "1y": 8760, all: 87_600 } as const;
export type Period = keyof typeof PERIODS;
export const DEFAULT_PERIOD: Period = "7d";

/** What every page's links carry along. */
const SHARED = ["experiment", "period", "from", "until"];

export function readScope(parameters: URLSearchParams): Scope {
  const from = instant(parameters.get("from"));
  return {
    experiment: parameters.get("experiment") ?? "",
    hours: PERIODS[readPeriod(parameters)],
    from,
    until: from && instant(parameters.get("until")),
  };
}

export function readPeriod(parameters: URLSearchParams): Period {
  const text = parameters.get("period") ?? "";
  return text in PERIODS ? (text as Period) : DEFAULT_PERIOD;
}

export function useScope(): Scope {
  const [parameters] = useSearchParams();
  // The parameters are a new object on every change of the URL; the text tells whether ours changed.
  const text = linkTo("", parameters);
  return useMemo(() => readScope(new URLSearchParams(text)), [text]);
}

/** A path with the page's experiment and period, and `more` on top. */
export function linkTo(path: string, current: URLSearchParams, more: Record<string, string | undefined> = {}): string {
  const parameters = new URLSearchParams();
  for (const name of SHARED) {
    const value = current.get(name);
    if (value) parameters.set(name, value);
  }
  for (const [name, value] of Object.entries(more)) {
    if (value) parameters.set(name, value);
    else parameters.delete(name);
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

export function useLinkTo() {
  const [parameters] = useSearchParams();
  return useCallback(
    (path: string, more?: Record<string, string | undefined>) => linkTo(path, parameters, more),
    [parameters],
  );
}

/** Changes parameters of the URL; what is empty is removed. */
export function useSetParameters() {
  const [, setParameters] = useSearchParams();
  return useCallback(
    (changes: Record<string, string | undefined>, options?: { replace?: boolean }) => {
      setParameters((old) => {
        const next = new URLSearchParams(old);
        for (const [name, value] of Object.entries(changes)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      }, options);
    },
    [setParameters],
  );
}

function instant(text: string | null): string | undefined {
  return text !== null && Number.isFinite(Date.parse(text)) ? text : undefined;
}
