import { Link } from "wouter";
import type { TraceInfo, Verdict } from "../../api/types";
import { Icon } from "../../components/Icon";
import { ValueBadge } from "../../components/Verdict";
import { gist } from "../../logic/content";
import { useFormats } from "../../state/formats";
import { useLinkTo, useScope } from "../../state/scope";
import { useMessages } from "../../state/settings";
import { useFeed } from "./feed";

/** New verdicts as people give them. */
export default function Live() {
  const { experiment } = useScope();
  // Another experiment is another stream, counted anew.
  return <Stream key={experiment} experiment={experiment} />;
}

function Stream({ experiment }: { experiment: string }) {
  const messages = useMessages();
  const formats = useFormats();
  const [feed, togglePause] = useFeed(experiment);
  const status = feed.isPaused ? messages.live.paused : feed.isConnected ? messages.live.connected : messages.live.connecting;
  return (
    <div className="live">
      <div className="toolbar">
        <h1>{messages.live.title}</h1>
        <span className={feed.isConnected && !feed.isPaused ? "pulse on" : "pulse"} aria-hidden="true" />
        <span className="faint" role="status">
          {status}
        </span>
        <span className="spring" />
        <span className="live-counts">
          <strong>{formats.count(feed.total)}</strong>
          <span className="tone-positive"><Icon name="up" /> {formats.count(feed.positive)}</span>
          <span className="tone-negative"><Icon name="down" /> {formats.count(feed.negative)}</span>
        </span>
        <button type="button" className="button" aria-pressed={feed.isPaused} onClick={togglePause}>
          <Icon name={feed.isPaused ? "play" : "pause"} />
          {feed.isPaused ? messages.live.resume : messages.live.pause}
          {feed.waiting.length > 0 && <span className="count">{messages.live.waiting(formats.count(feed.waiting.length))}</span>}
        </button>
      </div>
      <p className="faint">{messages.live.hint}</p>
      {feed.isRefused && <p className="failed" role="alert">{messages.live.unsupported}</p>}
      {feed.hasGap && <p className="failed" role="alert">{messages.live.gap}</p>}
      {feed.verdicts.length === 0 && <p className="empty">{messages.live.none}</p>}
      <ol className="stream" aria-live="off">
        {feed.verdicts.map((verdict) => (
          <Entry key={verdict.assessment_id} verdict={verdict} trace={feed.traces.get(verdict.trace_id ?? "")} />
        ))}
      </ol>
    </div>
  );
}

function Entry({ verdict, trace }: { verdict: Verdict; trace: TraceInfo | undefined }) {
  const messages = useMessages();
  const formats = useFormats();
  const linkTo = useLinkTo();
  const question = gist(trace?.request_preview, "question") || verdict.trace_id || "";
  return (
    <li className="card">
      <div className="said-head">
        {verdict.retracted ? <span className="badge muted">{messages.withdrawn}</span> : verdict.error ? <span className="badge negative">{messages.error}</span> : <ValueBadge name={verdict.name} value={verdict.value} />}
        <strong>{verdict.name}</strong>
        <span className="faint ellipsis">{verdict.source.id}</span>
        <span className="spring" />
        <time className="faint" dateTime={verdict.create_time}>
          {formats.time(verdict.create_time)}
        </time>
      </div>
      {verdict.rationale && <q>{verdict.rationale}</q>}
      {verdict.trace_id && (
        <Link href={linkTo(`/traces/${verdict.trace_id}`)} className="ellipsis">
          {question}
        </Link>
      )}
      <p className="faint ellipsis">{gist(trace?.response_preview, "answer")}</p>
    </li>
  );
}
