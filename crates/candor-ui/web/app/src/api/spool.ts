import { call } from "./http";

export type SpoolState = "queued" | "waiting" | "dead";

export interface SpoolEntry {
  entry: number;
  state: SpoolState;
  about: string;
  received: string;
  attempts: number;
  reason: string | null;
}

export type Spool =
  | { enabled: false }
  | { enabled: true; status: Record<SpoolState, number>; entries: SpoolEntry[] };

export function spool(signal?: AbortSignal): Promise<Spool> {
  return call<Spool>("GET", "/api/v1/spool", { signal });
}

/** Puts entries back into the queue; all dead letters when none are named. */
export function retry(entries?: number[]): Promise<unknown> {
  return call("POST", "/api/v1/spool/retry", { body: entries ? { entries } : { dead: true } });
}
