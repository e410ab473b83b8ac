import { reasonOf } from "./refusal.js";

/** A request that must reach the server once, however often it is sent. */
export interface Parcel {
  /** The idempotency key: the same on every attempt. */
  key: string;
  /** What it is about, e.g. one person's verdict on one answer. Parcels of one slot keep their order. */
  slot: string;
  method: "POST" | "DELETE";
  /** With the key and the person as parameters, for senders that can set no headers. */
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** Milliseconds since 1970 when it was handed in. */
  createdMs: number;
  /** Whether an attempt was made, so that it may have arrived. */
  attempted: boolean;
}

/** What became of a parcel. */
export type Outcome =
  /** The server has it. `isPending`: it waits there for its trace. */
  | { state: "sent"; isPending: boolean }
  /** It is kept in the browser and sent again by itself. */
  | { state: "queued" }
  /** The server refused it; sending it again would not help. */
  | { state: "failed"; status: number; reason: string };

/** The longest body that browsers take with `keepalive`, in bytes, with some to spare for others in flight. */
const KEEPALIVE_BYTES = 30_000;

/** Sends a parcel once. Resolves to `queued`, with the wait the server asked for, when it may be sent again. */
export async function send(parcel: Parcel, fetcher: typeof fetch): Promise<{ outcome: Outcome; retryAfterMs: number }> {
  let response: Response;
  try {
    response = await fetcher(parcel.url, {
      method: parcel.method,
      headers: { ...parcel.headers, "Idempotency-Key": parcel.key },
      body: parcel.body ?? null,
      keepalive: new TextEncoder().encode(parcel.body ?? "").length < KEEPALIVE_BYTES,
    });
  } catch {
    return { outcome: { state: "queued" }, retryAfterMs: 0 };
  }
  const { status } = response;
  if (response.ok || (parcel.method === "DELETE" && status === 404)) {
    return { outcome: { state: "sent", isPending: status === 202 }, retryAfterMs: 0 };
  }
  if (status >= 500 && status !== 501 || status === 408 || status === 429) {
    return { outcome: { state: "queued" }, retryAfterMs: Number(response.headers.get("Retry-After") ?? 0) * 1000 || 0 };
  }
  return { outcome: { state: "failed", status, reason: await reasonOf(response) }, retryAfterMs: 0 };
}

/** Hands a parcel to the browser for sending when the page is gone already; nobody hears what became of it. */
export function sendWhileLeaving(parcel: Parcel, fetcher: typeof fetch): void {
  const isOwn = new URL(parcel.url, location.href).origin === location.origin;
  // A beacon sends cookies, which other origins would have to allow.
  if (parcel.method === "POST" && isOwn && typeof navigator.sendBeacon === "function") {
    const body = new Blob([parcel.body ?? "{}"], { type: "application/json" });
    if (navigator.sendBeacon(parcel.url, body)) return;
  }
  void send(parcel, fetcher);
}
