import { type Outcome, type Parcel, send, sendWhileLeaving } from "./parcel.js";
import type { KeyValueStorage } from "./storage.js";

const PREFIX = "candor.outbox.";
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

export interface OutboxOptions {
  storage: KeyValueStorage;
  fetch: typeof fetch;
}

/**
 * Sends parcels until the server has them: across lost connections, reloads and closed pages.
 *
 * A parcel is in storage before it is sent and until it is answered, one storage item each, so that
 * two tabs do not overwrite each other. Whoever finds it sends it under its own key, so it counts
 * once. Parcels of one slot are sent in order.
 */
export class Outbox {
  readonly #storage: KeyValueStorage;
  readonly #fetch: typeof fetch;
  readonly #slots = new Map<string, Parcel[]>();
  readonly #inFlight = new Set<string>();
  readonly #listeners = new Map<string, Set<(outcome: Outcome) => void>>();
  readonly #answers = new Map<string, (outcome: Outcome) => void>();
  /** Keys of parcels that storage had no room for: they live as long as the page. */
  readonly #unstored = new Set<string>();
  #lastCreatedMs = 0;
  #retryMs = FIRST_RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ storage, fetch }: OutboxOptions) {
    this.#storage = storage;
    this.#fetch = fetch;
    this.#adopt();
  }

  /** How many parcels wait. */
  get size(): number {
    return [...this.#slots.values()].reduce((sum, parcels) => sum + parcels.length, 0);
  }

  /** Takes a parcel in and tries to send it. Resolves with what is known after the first attempt. */
  push(content: Omit<Parcel, "createdMs" | "attempted">): Promise<Outcome> {
    this.#lastCreatedMs = Math.max(Date.now(), this.#lastCreatedMs + 1);
    const parcel: Parcel = { ...content, createdMs: this.#lastCreatedMs, attempted: false };
    const parcels = this.#slots.get(parcel.slot) ?? [];
    // What was never sent need not be: the new one is the person's last word.
    for (const stale of parcels.filter((other) => !other.attempted)) {
      this.#drop(stale);
      this.#settle(stale, { state: "queued" });
    }
    this.#slots.set(parcel.slot, [...(this.#slots.get(parcel.slot) ?? []), parcel]);
    this.#keep(parcel);
    return new Promise((resolve) => {
      this.#answers.set(parcel.key, resolve);
      void this.#work(parcel.slot);
    });
  }

  /** Sends all that waits. */
  flush(): void {
    this.#adopt();
    this.#retryMs = FIRST_RETRY_MS;
    for (const slot of this.#slots.keys()) void this.#work(slot);
  }

  /** Hears of every outcome in a slot, also of parcels from before a reload. Returns how to stop. */
  listen(slot: string, listener: (outcome: Outcome) => void): () => void {
    const listeners = this.#listeners.get(slot) ?? new Set();
    this.#listeners.set(slot, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Whether something in the slot waits. */
  isWaiting(slot: string): boolean {
    return this.#slots.has(slot);
  }

  /** Sends when the page is shown, the connection is back, and before the page goes. Returns how to stop. */
  attach(): () => void {
    const flush = () => this.flush();
    const onVisibility = () => (document.visibilityState === "hidden" ? this.leave() : this.flush());
    const leave = () => this.leave();
    addEventListener("online", flush);
    addEventListener("pageshow", flush);
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", onVisibility);
    this.flush();
    return () => {
      removeEventListener("online", flush);
      removeEventListener("pageshow", flush);
      removeEventListener("pagehide", leave);
      document.removeEventListener("visibilitychange", onVisibility);
      clearTimeout(this.#timer);
    };
  }

  /** Hands what waits to the browser. It stays in storage: the next page finds out what arrived. */
  leave(): void {
    for (const [first] of this.#slots.values()) {
      // What is on its way goes on without the page; what waits behind it must not overtake it.
      if (!first || this.#inFlight.has(first.key)) continue;
      first.attempted = true;
      this.#keep(first);
      sendWhileLeaving(first, this.#fetch);
    }
  }

  async #work(slot: string): Promise<void> {
    const parcel = this.#slots.get(slot)?.[0];
    if (!parcel || this.#inFlight.has(parcel.key)) return;
    const isGone = !this.#unstored.has(parcel.key) && this.#storage.getItem(PREFIX + itemName(parcel)) === null;
    if (isGone) {
      // Another tab has sent it.
      this.#finish(parcel, { state: "sent", isPending: false });
      return;
    }
    this.#inFlight.add(parcel.key);
    parcel.attempted = true;
    this.#keep(parcel);
    const { outcome, retryAfterMs } = await send(parcel, this.#fetch);
    this.#inFlight.delete(parcel.key);
    if (outcome.state === "queued") {
      for (const waiting of this.#slots.get(slot) ?? []) this.#settle(waiting, outcome);
      this.#retryIn(Math.max(retryAfterMs, this.#retryMs));
    } else {
      this.#retryMs = FIRST_RETRY_MS;
      this.#finish(parcel, outcome);
    }
  }

  #finish(parcel: Parcel, outcome: Outcome): void {
    this.#drop(parcel);
    this.#settle(parcel, outcome);
    void this.#work(parcel.slot);
  }

  #settle(parcel: Parcel, outcome: Outcome): void {
    this.#answers.get(parcel.key)?.(outcome);
    this.#answers.delete(parcel.key);
    // Only the last word of a slot is of interest.
    if (outcome.state !== "sent" || !this.#slots.has(parcel.slot)) {
      this.#listeners.get(parcel.slot)?.forEach((listener) => listener(outcome));
    }
  }

  #retryIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const slot of this.#slots.keys()) void this.#work(slot);
    }, ms);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #keep(parcel: Parcel): void {
    try {
      this.#storage.setItem(PREFIX + itemName(parcel), JSON.stringify(parcel));
    } catch {
      this.#unstored.add(parcel.key);
    }
  }

  #drop(parcel: Parcel): void {
    this.#storage.removeItem(PREFIX + itemName(parcel));
    const rest = (this.#slots.get(parcel.slot) ?? []).filter((other) => other.key !== parcel.key);
    if (rest.length > 0) this.#slots.set(parcel.slot, rest);
    else this.#slots.delete(parcel.slot);
  }

  /** Takes over what an earlier page, or another tab, left in storage. */
  #adopt(): void {
    const names = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index) ?? "");
    for (const name of names.filter((name) => name.startsWith(PREFIX)).sort()) {
      const parcel = parsed(this.#storage.getItem(name));
      if (!parcel) continue;
      const parcels = this.#slots.get(parcel.slot) ?? [];
      this.#lastCreatedMs = Math.max(this.#lastCreatedMs, parcel.createdMs);
      if (parcels.some((other) => other.key === parcel.key)) continue;
      this.#slots.set(parcel.slot, [...parcels, parcel].sort((a, b) => a.createdMs - b.createdMs));
    }
  }
}

/** Sorts by time. */
function itemName(parcel: Parcel): string {
  return `${String(parcel.createdMs)}.${parcel.key}`;
}

function parsed(text: string | null): Parcel | null {
  try {
    const parcel = JSON.parse(text ?? "null") as Parcel | null;
    return parcel?.key && parcel.slot && parcel.url ? parcel : null;
  } catch {
    return null;
  }
}
