import { useCallback, useEffect, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { search } from "../../api/traces";
import type { TraceInfo } from "../../api/types";
import { Icon } from "../../components/Icon";
import { both } from "../../logic/filter";
import { useMessages } from "../../state/settings";
import { neighbour } from "../traces/memory";

/** The way to the next and the previous trace of the list that one came from, also by `j` and `k`. */
export function Neighbours({ id, trace }: { id: string; trace: TraceInfo | undefined }) {
  const messages = useMessages();
  const [, navigate] = useLocation();
  const [parameters] = useSearchParams();
  const [isAtEnd, setIsAtEnd] = useState<{ id: string; step: number }>();
  const go = useCallback(
    async (step: 1 | -1) => {
      const other = neighbour(id, step) ?? (trace && (await byTime(trace, parameters.get("filter") ?? "", step)));
      if (other === undefined) setIsAtEnd({ id, step });
      else navigate(`/traces/${other}?${parameters.toString()}`);
    },
    [id, trace, navigate, parameters],
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.target as Element).closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "j") void go(1);
      if (event.key === "k") void go(-1);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [go]);
  const button = (step: 1 | -1) => (
    <button
      type="button"
      className="button"
      title={messages.trace.keys}
      aria-label={step === 1 ? messages.trace.next : messages.trace.previous}
      disabled={isAtEnd?.id === id && isAtEnd.step === step}
      onClick={() => void go(step)}
    >
      <Icon name={step === 1 ? "next" : "previous"} />
    </button>
  );
  return (
    <span className="pair">
      {button(-1)}
      {button(1)}
    </span>
  );
}

/** For those who came by a link and saw no list: the neighbour in time, in the same experiment. */
async function byTime(trace: TraceInfo, filter: string, step: 1 | -1): Promise<string | undefined> {
  const time = Date.parse(trace.request_time);
  const page = await search(
    {
      experiments: [trace.trace_location?.mlflow_experiment?.experiment_id ?? "0"],
      filter: both(`trace.timestamp_ms ${step === 1 ? "<" : ">"} ${time}`, filter),
      orderBy: step === 1 ? "timestamp_ms DESC" : "timestamp_ms ASC",
    },
    1,
  );
  return page.traces?.[0]?.trace_id;
}
