import { FeedbackClient } from "../src/core/client.js";
import { memoryStorage } from "../src/core/storage.js";

export interface Received {
  method: string;
  url: URL;
  key: string;
  body: Record<string, unknown> | null;
}

/** Answers requests as Candor does, as far as counting goes: a key counts once. */
export class FakeServer {
  readonly received: Received[] = [];
  /** Requests that counted, by key. */
  readonly counted = new Map<string, Received>();
  /** What to do with the next requests instead of answering them. */
  readonly mishaps: ("offline" | "lost answer" | { status: number; retryAfter?: string })[] = [];
  config = { dimensions: [{ name: "accuracy", min: 1, max: 5 }], categories: ["incorrect", "too long"] };

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    await Promise.resolve();
    const url = new URL(String(input));
    if (url.pathname.endsWith("/config")) return Response.json(this.config);
    const mishap = this.mishaps.shift();
    if (mishap === "offline") throw new TypeError("Failed to fetch");
    const key = new Headers(init.headers).get("Idempotency-Key") ?? "";
    const body = init.body ? (JSON.parse(init.body as string) as Record<string, unknown>) : null;
    const received = { method: init.method ?? "GET", url, key, body };
    this.received.push(received);
    if (typeof mishap === "object") {
      const headers = mishap.retryAfter ? { "Retry-After": mishap.retryAfter } : {};
      return Response.json({ detail: "told so" }, { status: mishap.status, headers });
    }
    if (!this.counted.has(key)) this.counted.set(key, received);
    if (mishap === "lost answer") throw new TypeError("Failed to fetch");
    return Response.json({ status: "success" });
  };

  client(options: { userId?: string; sessionId?: string; storage?: ReturnType<typeof memoryStorage> } = {}): FeedbackClient {
    return new FeedbackClient({ sessionId: "s-1", storage: memoryStorage(), ...options, fetch: this.fetch });
  }
}
