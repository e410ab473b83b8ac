import { useCallback, useEffect, useReducer, useRef } from "react";
import { infos } from "../../api/traces";
import { queryText } from "../../api/http";
import type { TraceInfo, Verdict } from "../../api/types";

/** Verdicts that are shown; older ones are on their traces. */
const SHOWN = 200;
/** How long to gather verdicts before their traces are asked for, in ms. */
const GATHER_MS = 150;

export interface Feed {
  verdicts: Verdict[];
  /** Came while paused. */
  waiting: Verdict[];
  traces: Map<string, TraceInfo>;
  positive: number;
  negative: number;
  total: number;
  isConnected: boolean;
  isPaused: boolean;
  hasGap: boolean;
  isRefused: boolean;
}

type Event =
  | { type: "verdict"; verdict: Verdict }
  | { type: "traces"; traces: TraceInfo[] }
  | { type: "connected" | "lost" | "gap" | "refused" | "pause" };

export const EMPTY: Feed = {
  verdicts: [], waiting: [], traces: new Map(), positive: 0, negative: 0, total: 0, isConnected: false, isPaused: false, hasGap: false, isRefused: false,
};

export function step(feed: Feed, event: Event): Feed {
  switch (event.type) {
    case "verdict":
      return add(feed, event.verdict);
    case "traces":
      return { ...feed, traces: new Map([...feed.traces, ...event.traces.map((trace) => [trace.trace_id, trace] as const)].slice(-2 * SHOWN)) };
    case "connected":
      return { ...feed, isConnected: true, isRefused: false };
    case "lost":
      return { ...feed, isConnected: false };
    case "refused":
      return { ...feed, isConnected: false, isRefused: true };
    case "gap":
      return { ...feed, hasGap: true };
    case "pause":
      return { ...feed, isPaused: !feed.isPaused, verdicts: [...feed.waiting, ...feed.verdicts].slice(0, SHOWN), waiting: [] };
  }
}

/** New verdicts of an experiment, or of all, as they are committed. */
export function useFeed(experiment: string): [Feed, () => void] {
  const [feed, dispatch] = useReducer(step, EMPTY);
  const wanted = useRef(new Set<string>());
  useEffect(() => {
    const source = new EventSource(`/api/v1/feedback/live${queryText({ experiment_id: experiment })}`);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const fetchTraces = () => {
      timer = undefined;
      const ids = [...wanted.current];
      wanted.current.clear();
      // Without it the verdict is shown all the same, only not what it is about.
      infos(ids).then((traces) => dispatch({ type: "traces", traces }), () => undefined);
    };
    source.addEventListener("ready", () => dispatch({ type: "connected" }));
    source.addEventListener("gap", () => dispatch({ type: "gap" }));
    source.addEventListener("feedback", (event) => {
      const verdict = (JSON.parse(event.data) as { feedback: Verdict }).feedback;
      dispatch({ type: "verdict", verdict });
      if (verdict.trace_id !== null) wanted.current.add(verdict.trace_id);
      timer ??= setTimeout(fetchTraces, GATHER_MS);
    });
    source.addEventListener("error", () => dispatch({ type: source.readyState === EventSource.CLOSED ? "refused" : "lost" }));
    return () => {
      source.close();
      clearTimeout(timer);
    };
  }, [experiment]);
  return [feed, useCallback(() => dispatch({ type: "pause" }), [])];
}

function add(feed: Feed, verdict: Verdict): Feed {
  const isThumb = verdict.name === "user_feedback" && !verdict.retracted;
  const list = feed.isPaused ? "waiting" : "verdicts";
  return {
    ...feed,
    [list]: [verdict, ...feed[list]].slice(0, SHOWN),
    total: feed.total + 1,
    positive: feed.positive + (isThumb && verdict.value === true ? 1 : 0),
    negative: feed.negative + (isThumb && verdict.value === false ? 1 : 0),
  };
}
