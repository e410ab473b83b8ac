import { type FeedbackClient, USER_FEEDBACK } from "./client.js";
import { type Given, NOTHING_GIVEN, recall, remember } from "./given.js";
import type { Outcome } from "./parcel.js";
import { isKnown, type Target } from "./target.js";

/** The name under which reasons are logged, as a list. */
export const USER_ISSUE = "user_issue";

export type FeedbackStatus = "idle" | "sending" | "sent" | "queued" | "failed" | "withdrawn";

/** A person's thumb on one answer, and how it fares on its way. */
export interface FeedbackState extends Given {
  status: FeedbackStatus;
  /** Why the server refused it; null unless `failed`. */
  error: string | null;
}

/**
 * The rules of the thumbs, for any kind of page: what counts as a change, what is sent, what is shown.
 *
 * Its state is replaced, never changed, so that it fits React's `useSyncExternalStore`.
 */
export class Feedback {
  readonly target: Target;
  readonly #client: FeedbackClient;
  readonly #slot: string;
  readonly #listeners = new Set<() => void>();
  #state: FeedbackState;
  /** What the server has, to go back to when it refuses a change. */
  #accepted: Given;
  #latest = 0;

  constructor(client: FeedbackClient, target: Target) {
    this.target = target;
    this.#client = client;
    this.#slot = client.slot(target, USER_FEEDBACK);
    const given = isKnown(target) ? recall(this.#slot) : NOTHING_GIVEN;
    const status = given.verdict === null ? "idle" : client.outbox.isWaiting(this.#slot) ? "queued" : "sent";
    this.#accepted = given;
    this.#state = { ...given, status, error: null };
  }

  get state(): FeedbackState {
    return this.#state;
  }

  /** Says thumbs up or down. The same again, as by a double click, changes nothing. */
  give(verdict: boolean): void {
    const { state } = this;
    if (!isKnown(this.target) || state.verdict === verdict) return;
    const hadReasons = state.reasons.length > 0;
    this.#send({ verdict, comment: "", reasons: [] }, () => this.#client.verdict(this.target, verdict));
    if (hadReasons) void this.#client.withdraw(this.target, USER_ISSUE);
  }

  /** Adds a comment and reasons to the verdict that was given. */
  explain(comment: string, reasons: string[] = this.#state.reasons): void {
    const { verdict, comment: before, reasons: reasonsBefore } = this.#state;
    if (verdict === null) return;
    const text = comment.trim();
    const given = { verdict, comment: text, reasons };
    if (text !== before) this.#send(given, () => this.#client.verdict(this.target, verdict, text));
    else this.#set({ ...this.#state, ...given });
    remember(this.#slot, given);
    if (reasons.join("\n") === reasonsBefore.join("\n")) return;
    if (reasons.length === 0) {
      void this.#client.withdraw(this.target, USER_ISSUE);
      return;
    }
    const outcome = this.#client.record(this.target, USER_ISSUE, reasons);
    if (text === before) void this.#show(outcome);
  }

  /** Takes the verdict back, and the reasons with it. */
  withdraw(): void {
    if (this.#state.verdict === null) return;
    const hadReasons = this.#state.reasons.length > 0;
    this.#send(NOTHING_GIVEN, () => this.#client.withdraw(this.target));
    if (hadReasons) void this.#client.withdraw(this.target, USER_ISSUE);
  }

  /** Calls `listener` on every change, also when a verdict from offline arrives later. Returns how to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const stop = this.#listeners.size === 0 ? this.#client.outbox.listen(this.#slot, (outcome) => this.#settle(outcome)) : null;
    this.#listeners.add(listener);
    if (stop) this.#stopListening = stop;
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopListening();
    };
  };

  #stopListening = (): void => undefined;

  #send(given: Given, deliver: () => Promise<Outcome>): void {
    remember(this.#slot, given);
    this.#set({ ...given, status: "sending", error: null });
    void this.#show(deliver());
  }

  async #show(outcome: Promise<Outcome>): Promise<void> {
    const turn = ++this.#latest;
    const settled = await outcome;
    if (turn === this.#latest) this.#settle(settled);
  }

  #settle(outcome: Outcome): void {
    const { verdict } = this.#state;
    if (outcome.state === "failed") {
      remember(this.#slot, this.#accepted);
      this.#set({ ...this.#accepted, status: "failed", error: outcome.reason });
    } else {
      const { comment, reasons } = this.#state;
      if (outcome.state === "sent") this.#accepted = { verdict, comment, reasons };
      const done = verdict === null ? "withdrawn" : "sent";
      this.#set({ ...this.#state, status: outcome.state === "queued" ? "queued" : done, error: null });
    }
  }

  #set(state: FeedbackState): void {
    this.#state = state;
    this.#listeners.forEach((listener) => listener());
  }
}
