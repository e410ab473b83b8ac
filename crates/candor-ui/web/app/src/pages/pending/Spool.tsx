import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { retry, spool, type SpoolState } from "../../api/spool";
import { useFormats } from "../../state/formats";
import { useNow } from "../../state/now";
import { useMessages } from "../../state/settings";

const STATES: SpoolState[] = ["queued", "waiting", "dead"];

/** What the server has accepted for a remote store and not delivered; nothing where there is no spool. */
export function Spool() {
  const messages = useMessages();
  const formats = useFormats();
  const now = useNow();
  const client = useQueryClient();
  const [error, setError] = useState<string>();
  const found = useQuery({ queryKey: ["spool"], queryFn: ({ signal }) => spool(signal), refetchInterval: 5_000 });
  if (!found.data?.enabled) return null;
  const { status, entries } = found.data;
  const again = async (seqs?: number[]) => {
    try {
      await retry(seqs);
      setError(undefined);
      await client.invalidateQueries({ queryKey: ["spool"] });
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    }
  };
  return (
    <section className="spool" aria-labelledby="spool">
      <div className="toolbar">
        <h2 id="spool">{messages.spool.title}</h2>
        <span className="spring" />
        {status.dead > 0 && (
          <button type="button" className="button" onClick={() => void again()}>
            {messages.spool.retryAll}
          </button>
        )}
      </div>
      <p className="faint">{messages.spool.hint}</p>
      <p>{STATES.map((state) => `${status[state]} ${messages.spool.counts[state]}`).join(" · ")}</p>
      {error !== undefined && <p className="failed" role="alert">{error}</p>}
      {entries.length === 0 && <p className="empty">{messages.spool.none}</p>}
      <ul className="stream">
        {entries.map((entry) => (
          <li key={entry.entry} className="card">
            <div className="said-head">
              <span className={entry.state === "dead" ? "badge negative" : "badge"}>{messages.spool.counts[entry.state]}</span>
              <strong className="ellipsis">{entry.about}</strong>
              <span className="spring" />
              <span className="faint">
                {messages.pending.since} {formats.ago(entry.received, now)}
              </span>
            </div>
            {entry.reason !== null && <p>{entry.reason}</p>}
            <div className="inline">
              <span className="faint">
                {messages.spool.attempts}: {entry.attempts}
              </span>
              {entry.state === "dead" && (
                <button type="button" className="button" onClick={() => void again([entry.entry])}>
                  {messages.spool.retry}
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
