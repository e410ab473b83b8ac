import { call } from "./http";
import type { Verdict } from "./types";

export type PendingState = "all" | "pending" | "orphaned";

export function pending(state: PendingState, token: string | undefined, signal?: AbortSignal) {
  return call<{ pending: Verdict[]; next_page_token: string | null }>("GET", "/api/v1/feedback/pending", {
    query: { state, page_token: token, max_results: 100 },
    signal,
  });
}

/** Those that count once their traces land: neither replaced nor withdrawn while they waited. */
export function stillWaiting(verdicts: Verdict[]): Verdict[] {
  const replaced = new Set(verdicts.map((verdict) => verdict.overrides));
  return verdicts.filter((verdict) => !verdict.retracted && !replaced.has(verdict.assessment_id));
}

/** Withdraws a verdict that waits. */
export function withdraw(id: string): Promise<unknown> {
  return call("DELETE", `/api/v1/feedback/${encodeURIComponent(id)}`);
}

/** Puts a verdict that waits on a trace that is there, then withdraws the waiting one. */
export async function attach(verdict: Verdict, traceId: string): Promise<void> {
  const body = {
    trace_id: traceId,
    name: verdict.name,
    ...(verdict.error ? { error: verdict.error } : { value: verdict.value }),
    rationale: verdict.rationale ?? undefined,
    source: verdict.source.id === "anonymous" ? undefined : verdict.source,
    create_time: verdict.create_time,
    strict: true,
    // So that a second try after a lost answer changes nothing.
    idempotency_key: `attach-${verdict.assessment_id}`,
  };
  await call("POST", "/api/v1/feedback", { body });
  await withdraw(verdict.assessment_id);
}
