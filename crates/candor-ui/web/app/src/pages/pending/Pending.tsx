import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { attach, pending, stillWaiting, withdraw, type PendingState } from "../../api/feedback";
import type { Verdict } from "../../api/types";
import { Failed, Loading } from "../../components/States";
import { ValueBadge } from "../../components/Verdict";
import { useFormats } from "../../state/formats";
import { useNow } from "../../state/now";
import { useMessages } from "../../state/settings";
import { Spool } from "./Spool";

const STATES: PendingState[] = ["all", "pending", "orphaned"];

/** Verdicts whose traces have not landed, and what to do with those that wait in vain. */
export default function Pending() {
  const messages = useMessages();
  const [state, setState] = useState<PendingState>("all");
  const found = useInfiniteQuery({
    queryKey: ["pending", state],
    queryFn: ({ pageParam, signal }) => pending(state, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    refetchInterval: 15_000,
  });
  const all = stillWaiting(found.data?.pages.flatMap((page) => page.pending) ?? []);
  return (
    <div className="pending">
      <div className="toolbar">
        <h1>{messages.pending.title}</h1>
        <span className="spring" />
        <div className="segmented" role="group" aria-label={messages.trace.state}>
          {STATES.map((name) => (
            <button key={name} type="button" aria-pressed={name === state} onClick={() => setState(name)}>
              {messages.pending.states[name]}
            </button>
          ))}
        </div>
      </div>
      <p className="faint">{messages.pending.hint}</p>
      {found.error ? <Failed error={found.error} retry={() => void found.refetch()} /> : found.isLoading ? <Loading /> : null}
      {found.data && all.length === 0 && <p className="empty">{messages.pending.none}</p>}
      <ul className="stream">
        {all.map((verdict) => (
          <Waiting key={verdict.assessment_id} verdict={verdict} />
        ))}
      </ul>
      {found.hasNextPage && (
        <button type="button" className="button" onClick={() => void found.fetchNextPage()}>
          {messages.pending.more}
        </button>
      )}
      <Spool />
    </div>
  );
}

function Waiting({ verdict }: { verdict: Verdict }) {
  const messages = useMessages();
  const formats = useFormats();
  const now = useNow();
  const client = useQueryClient();
  const [asks, setAsks] = useState<"withdraw" | "attach">();
  const [trace, setTrace] = useState("");
  const [error, setError] = useState<string>();
  const run = async (work: Promise<unknown>) => {
    try {
      await work;
      await client.invalidateQueries();
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    }
  };
  const target = Object.entries(verdict.target ?? {});
  return (
    <li className="card">
      <div className="said-head">
        <ValueBadge name={verdict.name} value={verdict.value} />
        <strong>{verdict.name}</strong>
        <span className="faint ellipsis">{verdict.source.id}</span>
        {verdict.state === "orphaned" && <span className="badge negative">{messages.pending.states.orphaned}</span>}
        <span className="spring" />
        <span className="faint">
          {messages.pending.since} {formats.ago(verdict.received_at ?? verdict.create_time, now)}
        </span>
      </div>
      {verdict.rationale && <q>{verdict.rationale}</q>}
      <p className="waits-for">
        <span className="faint">{messages.pending.waitsFor}</span>
        {target.map(([name, value]) => (
          <span key={name}>
            {name} <code>{value}</code>
          </span>
        ))}
      </p>
      {error !== undefined && <p className="failed" role="alert">{error}</p>}
      {asks === "attach" ? (
        <form
          className="inline"
          onSubmit={(event) => {
            event.preventDefault();
            void run(attach(verdict, trace.trim()));
          }}
        >
          <input autoFocus required aria-label={messages.pending.attachTo} placeholder="tr-…" value={trace} onChange={(event) => setTrace(event.target.value)} />
          <button type="submit" className="button primary">{messages.pending.attach}</button>
          <button type="button" className="button" onClick={() => setAsks(undefined)}>{messages.cancel}</button>
        </form>
      ) : asks === "withdraw" ? (
        <div className="inline">
          <span>{messages.pending.withdrawSure}</span>
          <button type="button" className="button danger" onClick={() => void run(withdraw(verdict.assessment_id))}>{messages.pending.withdraw}</button>
          <button type="button" className="button" onClick={() => setAsks(undefined)}>{messages.cancel}</button>
        </div>
      ) : (
        <div className="inline">
          <button type="button" className="button" onClick={() => setAsks("attach")}>{messages.pending.attach}</button>
          <button type="button" className="button" onClick={() => setAsks("withdraw")}>{messages.pending.withdraw}</button>
        </div>
      )}
    </li>
  );
}
