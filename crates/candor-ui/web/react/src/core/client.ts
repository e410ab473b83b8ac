import { Outbox } from "./outbox.js";
import type { Outcome } from "./parcel.js";
import { randomId } from "./random.js";
import { type KeyValueStorage, pageStorage } from "./storage.js";
import { type Target, targetFields, targetKey } from "./target.js";

/** The name under which thumbs are logged. */
export const USER_FEEDBACK = "user_feedback";

/** What a person may say in a feedback of the general form. */
export type FeedbackValue = boolean | number | string | string[];

/** A scale to rate on; scores are whole numbers. */
export interface Dimension {
  name: string;
  min: number;
  max: number;
}

/** What the server asks people. */
export interface FeedbackConfig {
  dimensions: Dimension[];
  /** Reasons to offer after a thumb down. */
  categories: string[];
}

export interface FeedbackClientOptions {
  /** Where the API is, e.g. `https://example.com/candor`; the page's own origin by default. */
  baseUrl?: string | undefined;
  /** Who judges, if the app knows; a person's later verdict replaces the earlier one. */
  userId?: string | undefined;
  /** The conversation; by default one per browser tab, so that unknown people can change their minds, too. */
  sessionId?: string | undefined;
  /** For sign-in headers and the like. Verdicts sent while the page closes may go past it. */
  fetch?: typeof fetch | undefined;
  /** Where verdicts wait until the server has them; `localStorage` by default. */
  storage?: KeyValueStorage | undefined;
}

/** Brings verdicts to the server: each once, and the last word counts. */
export class FeedbackClient {
  readonly baseUrl: string;
  readonly userId: string | undefined;
  readonly sessionId: string;
  /** What waits to be sent. */
  readonly outbox: Outbox;
  readonly #fetch: typeof fetch;
  #config: Promise<FeedbackConfig> | undefined;

  constructor(options: FeedbackClientOptions = {}) {
    this.baseUrl = new URL(options.baseUrl ?? "", location.origin + "/").href.replace(/\/$/, "");
    this.userId = options.userId;
    this.sessionId = options.sessionId ?? tabSession();
    this.#fetch = options.fetch ?? ((...request) => fetch(...request));
    this.outbox = new Outbox({ storage: options.storage ?? pageStorage("localStorage"), fetch: this.#fetch });
  }

  /** Thumbs up or down, with the comment as its rationale. */
  verdict(target: Target, isCorrect: boolean, comment: string | null = null): Promise<Outcome> {
    const body = { is_correct: isCorrect, comment: comment || null };
    return this.#post("/feedback", target, USER_FEEDBACK, this.#person(target), body);
  }

  /** Scores in the server's dimensions; all of them are needed. */
  rate(target: Target, scores: Record<string, number>, comment = ""): Promise<Outcome> {
    const query = this.#person(target);
    for (const [name, score] of Object.entries(scores)) query[name] = String(score);
    if (comment) query["comment"] = comment;
    return this.#post("/detailed-feedback", target, "ratings", query);
  }

  /** A feedback of any name and value. */
  record(target: Target, name: string, value: FeedbackValue, rationale?: string): Promise<Outcome> {
    const key = randomId();
    const body = {
      ...targetFields(target),
      name,
      value,
      ...(rationale ? { rationale } : {}),
      source: { id: this.userId ?? `session:${this.sessionId}` },
      idempotency_key: key,
    };
    return this.outbox.push({
      key,
      slot: this.slot(target, name),
      method: "POST",
      url: `${this.baseUrl}/api/v1/feedback`,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /** Takes back the person's verdict of this name; the history keeps it, no figure counts it. */
  withdraw(target: Target, name: string = USER_FEEDBACK): Promise<Outcome> {
    const query = new URLSearchParams({ ...targetFields(target), name, ...(this.userId ? { user_id: this.userId } : {}) });
    return this.outbox.push({
      key: randomId(),
      slot: this.slot(target, name),
      method: "DELETE",
      url: `${this.baseUrl}/api/v1/feedback?${query.toString()}`,
      headers: this.headers(),
    });
  }

  /** What the server asks; asked for once. Nothing when it cannot be had. */
  config(): Promise<FeedbackConfig> {
    this.#config ??= this.#fetch(`${this.baseUrl}/api/v1/feedback/config`)
      .then(async (response) => (response.ok ? ((await response.json()) as FeedbackConfig) : null))
      .catch(() => null)
      .then((config) => {
        if (!config) this.#config = undefined;
        return { dimensions: config?.dimensions ?? [], categories: config?.categories ?? [] };
      });
    return this.#config;
  }

  /** Names what a person says of an answer under one name, for {@link Outbox.listen}. */
  slot(target: Target, name: string): string {
    return `${this.baseUrl} ${this.userId ?? this.sessionId} ${targetKey(target)} ${name}`;
  }

  /** The headers that say who asks or judges. */
  headers(): Record<string, string> {
    // Header values are Latin-1 for browsers; what does not fit goes as a parameter alone.
    const isPlain = (text: string | undefined): text is string => text !== undefined && /^[\x21-\x7e]+$/.test(text);
    return {
      ...(isPlain(this.userId) ? { "X-User-ID": this.userId } : {}),
      ...(isPlain(this.sessionId) ? { "X-Session-ID": this.sessionId } : {}),
    };
  }

  #person(target: Target): Record<string, string> {
    return { ...targetFields(target), ...(this.userId ? { user_id: this.userId } : {}), session_id: this.sessionId };
  }

  #post(path: string, target: Target, name: string, query: Record<string, string>, body?: object): Promise<Outcome> {
    const key = randomId();
    const parameters = new URLSearchParams({ ...query, idempotency_key: key });
    return this.outbox.push({
      key,
      slot: this.slot(target, name),
      method: "POST",
      url: `${this.baseUrl}${path}?${parameters.toString()}`,
      headers: { ...this.headers(), ...(body ? { "Content-Type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }
}

/** An id that lives as long as the tab, also across reloads. */
function tabSession(): string {
  const storage = pageStorage("sessionStorage");
  const known = storage.getItem("candor.session");
  if (known) return known;
  const made = randomId();
  storage.setItem("candor.session", made);
  return made;
}
