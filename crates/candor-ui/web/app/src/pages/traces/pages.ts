import { search, type TraceSearch } from "../../api/traces";
import type { TraceInfo } from "../../api/types";

/** Traces of one page. */
export const PAGE_SIZE = 200;
/** Pages that are held; more are forgotten and fetched again when they come into sight. */
const HELD_PAGES = 40;

export interface PagesState {
  /** Rows that are known to exist. */
  rows: number;
  isComplete: boolean;
  error: unknown;
  isLoading: boolean;
}

/**
 * The rows of one search, page by page as they come into sight.
 *
 * The server's pages follow on one another: a page is found by the token at the end of the one
 * before. Tokens are kept for all pages, rows only for those last seen, so that a list of a million
 * rows costs no more memory than its tokens.
 */
export class TracePages {
  private readonly tokens: (string | undefined)[] = [undefined];
  private readonly held = new Map<number, TraceInfo[]>();
  private readonly loading = new Set<number>();
  private readonly listeners = new Set<() => void>();
  private readonly stop = new AbortController();
  /** Where the list was left, for whoever comes back. */
  place = { offset: 0, row: 0 };
  private state: PagesState = { rows: 0, isComplete: false, error: undefined, isLoading: false };
  private wanted: [number, number] = [0, 0];

  constructor(
    private readonly query: TraceSearch,
    private readonly fetchPage: typeof search = search,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): PagesState => this.state;

  row(index: number): TraceInfo | undefined {
    return this.held.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE];
  }

  indexOf(traceId: string): number | undefined {
    for (const [page, rows] of this.held) {
      const index = rows.findIndex((row) => row.trace_id === traceId);
      if (index >= 0) return page * PAGE_SIZE + index;
    }
    return undefined;
  }

  loaded(): TraceInfo[] {
    return [...this.held.entries()].sort(([a], [b]) => a - b).flatMap(([, rows]) => rows);
  }

  /** Makes the rows from `first` to `last` available, as far as they exist. */
  want(first: number, last: number): void {
    this.wanted = [Math.floor(first / PAGE_SIZE), Math.floor(last / PAGE_SIZE)];
    this.loadNext();
  }

  retry(): void {
    this.set({ error: undefined });
    this.loadNext();
  }

  /** Changes the rows that are held; what `change` returns nothing for is no longer shown. */
  replace(change: (trace: TraceInfo) => TraceInfo | undefined): void {
    for (const [page, rows] of this.held) {
      this.held.set(page, rows.flatMap((row) => change(row) ?? []));
    }
    this.set({});
  }

  leave(place: { offset: number; row: number }): void {
    this.place = place;
  }

  close(): void {
    this.stop.abort();
  }

  private loadNext(): void {
    const [first, last] = this.wanted;
    for (let page = first; page <= last; page += 1) {
      if (this.held.has(page) || this.loading.has(page)) continue;
      // A page beyond the known ones is reached by way of those before it.
      const next = Math.min(page, this.tokens.length - 1);
      if (!this.held.has(next) && !this.loading.has(next) && this.state.error === undefined) void this.load(next);
      return;
    }
  }

  private async load(page: number): Promise<void> {
    this.loading.add(page);
    this.set({ isLoading: true });
    try {
      const answer = await this.fetchPage(this.query, PAGE_SIZE, this.tokens[page], this.stop.signal);
      const rows = answer.traces ?? [];
      this.hold(page, rows);
      if (answer.next_page_token) this.tokens[page + 1] = answer.next_page_token;
      const isLast = !answer.next_page_token;
      this.set({
        rows: Math.max(this.state.rows, page * PAGE_SIZE + rows.length),
        isComplete: this.state.isComplete || isLast,
      });
    } catch (error) {
      if (!this.stop.signal.aborted) this.set({ error });
    } finally {
      this.loading.delete(page);
      this.set({ isLoading: this.loading.size > 0 });
    }
    if (!this.stop.signal.aborted) this.loadNext();
  }

  private hold(page: number, rows: TraceInfo[]): void {
    this.held.set(page, rows);
    const [first, last] = this.wanted;
    const distance = (other: number) => Math.max(first - other, other - last);
    while (this.held.size > HELD_PAGES) {
      const farthest = [...this.held.keys()].reduce((a, b) => (distance(b) > distance(a) ? b : a));
      this.held.delete(farthest);
    }
  }

  private set(change: Partial<PagesState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}
