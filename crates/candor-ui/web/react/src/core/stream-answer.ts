import { EventStreamParser } from "./event-stream.js";
import { reasonOf } from "./refusal.js";

/** What an answer's stream says. */
export type AnswerEvent =
  /** An answer begins, from its first token, also when an earlier attempt had brought some. */
  | { type: "start"; traceId?: string; clientRequestId?: string }
  | { type: "token"; content: string }
  | { type: "done"; traceId?: string; clientRequestId?: string }
  | { type: "error"; error: string };

export interface StreamOptions {
  url: string;
  /** The body, sent as JSON. */
  body: unknown;
  headers?: Record<string, string>;
  fetch?: typeof fetch | undefined;
  signal?: AbortSignal;
  /** How often in a row to come back to a stream that broke off; 5 by default. */
  maxResumptions?: number | undefined;
  /** The first wait before coming back, in milliseconds, doubled each time; 500 by default. */
  resumeDelayMs?: number | undefined;
}

/**
 * Asks for an answer and yields its events. A stream that breaks off is resumed where it broke, if
 * the server names its events; else it ends with an error, since asking anew would make another answer.
 *
 * @throws the reason of `signal` when it is aborted
 */
export async function* streamAnswer(options: StreamOptions): AsyncGenerator<AnswerEvent, void> {
  const { maxResumptions = 5, resumeDelayMs = 500, signal } = options;
  let lastEventId = "";
  let failures = 0;
  for (;;) {
    const failure: { error: string; isFinal: boolean } = { error: "the connection was lost", isFinal: false };
    try {
      const response = await request(options, lastEventId);
      if (!response.ok || !response.body) {
        failure.error = await reasonOf(response);
        failure.isFinal = response.status < 500 && response.status !== 429;
      } else {
        for await (const { data, id } of events(response.body)) {
          lastEventId = id;
          const event = answerEvent(data);
          if (!event) continue;
          failures = 0;
          yield event;
          if (event.type === "done" || event.type === "error") return;
        }
      }
    } catch (error) {
      if (signal?.aborted) throw error;
    }
    signal?.throwIfAborted();
    failures += 1;
    if (failure.isFinal || lastEventId === "" || failures > maxResumptions) {
      yield { type: "error", error: failure.error };
      return;
    }
    await pause(resumeDelayMs * 2 ** (failures - 1), signal);
  }
}

function request({ url, body, headers, signal, fetch: fetcher = fetch }: StreamOptions, lastEventId: string): Promise<Response> {
  return fetcher(url, {
    method: "POST",
    headers: {
      Accept: "text/event-stream",
      "Content-Type": "application/json",
      ...headers,
      ...(lastEventId ? { "Last-Event-ID": lastEventId } : {}),
    },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
}

async function* events(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  const parser = new EventStreamParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    // Closes the connection when the reader of the events leaves early.
    void reader.cancel().catch(() => undefined);
  }
}

/** Null for kinds of events that are not known here. */
function answerEvent(data: string): AnswerEvent | null {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(data) as Record<string, unknown>;
  } catch {
    return { type: "error", error: "the server sent an event that is not JSON" };
  }
  const text = (name: string) => (typeof raw[name] === "string" ? raw[name] : undefined);
  const traceId = text("trace_id");
  const clientRequestId = text("client_request_id");
  const ids = { ...(traceId ? { traceId } : {}), ...(clientRequestId ? { clientRequestId } : {}) };
  switch (raw["type"]) {
    case "start":
      return { type: "start", ...ids };
    case "token":
      return { type: "token", content: text("content") ?? "" };
    case "done":
      return { type: "done", ...ids };
    case "error":
      return { type: "error", error: text("error") ?? "the answer failed" };
    default:
      return null;
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    }, { once: true });
  });
}
