import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { segments } from "../../api/analytics";
import type { Segment } from "../../api/types";
import { Failed, Loading } from "../../components/States";
import { useFormats } from "../../state/formats";
import { useLinkTo, useScope, useSetParameters } from "../../state/scope";
import { useMessages } from "../../state/settings";
import { IntervalBar } from "./Figures";

const BY = ["user", "session", "source", "model", "prompt", "tag"] as const;

/** Who and what is judged worst. */
export function Segments() {
  const messages = useMessages();
  const formats = useFormats();
  const scope = useScope();
  const [parameters] = useSearchParams();
  const setParameters = useSetParameters();
  const by = parameters.get("by") ?? "model";
  const order = parameters.get("order") === "most" ? "most" : "worst";
  const kind = by.startsWith("tag:") ? "tag" : by;
  const found = useQuery({
    queryKey: ["segments", scope, by, order],
    queryFn: ({ signal }) => segments(scope, by, order, signal),
    enabled: by !== "tag:",
  });
  const rest = (found.data?.segments_total ?? 0) - (found.data?.segments.length ?? 0);
  return (
    <section className="card" aria-labelledby="segments">
      <header>
        <h2 id="segments">{messages.overview.segments}</h2>
        <div className="controls">
          <select aria-label={messages.overview.by} value={kind} onChange={(event) => setParameters({ by: event.target.value === "tag" ? "tag:" : event.target.value }, { replace: true })}>
            {BY.map((name) => (
              <option key={name} value={name}>
                {messages.overview.segmentBy[name]}
              </option>
            ))}
          </select>
          {kind === "tag" && <TagKey value={by.slice(4)} onChange={(key) => setParameters({ by: `tag:${key}` }, { replace: true })} />}
          <select aria-label={messages.overview.order} value={order} onChange={(event) => setParameters({ order: event.target.value }, { replace: true })}>
            <option value="worst">{messages.overview.orders.worst}</option>
            <option value="most">{messages.overview.orders.most}</option>
          </select>
        </div>
        <p>{messages.overview.segmentsHint}</p>
      </header>
      {found.error ? <Failed error={found.error} /> : found.isLoading ? <Loading /> : null}
      {found.data?.segments.length === 0 && <p className="empty">{messages.overview.noSegments}</p>}
      {found.data && found.data.segments.length > 0 && (
        <table className="segments">
          <thead>
            <tr>
              <th scope="col">{kind === "tag" ? by.slice(4) : messages.overview.segmentBy[kind as (typeof BY)[number]]}</th>
              <th scope="col" className="number">{messages.overview.positiveRate}</th>
              <th scope="col">{messages.overview.interval}</th>
              <th scope="col" className="number">{messages.overview.verdicts}</th>
            </tr>
          </thead>
          <tbody>
            {found.data.segments.map((segment) => (
              <Row key={segment.segment} segment={segment} />
            ))}
          </tbody>
        </table>
      )}
      {rest > 0 && <p className="faint">{messages.overview.moreSegments(formats.count(rest))}</p>}
    </section>
  );
}

function Row({ segment }: { segment: Segment }) {
  const formats = useFormats();
  const linkTo = useLinkTo();
  const before = segment.previous?.positive_rate_percent;
  const change = segment.positive_rate_percent !== null && before !== null && before !== undefined ? segment.positive_rate_percent - before : undefined;
  const isWorse = change !== undefined && change < -5;
  return (
    <tr>
      <th scope="row" className="ellipsis">
        {segment.filter === null ? segment.segment : <Link href={linkTo("/traces", { filter: segment.filter })}>{segment.segment}</Link>}
      </th>
      <td className="number">
        {formats.percent(segment.positive_rate_percent)}
        {change !== undefined && <small className={isWorse ? "tone-negative" : "faint"}> {formats.signed(change)}</small>}
      </td>
      <td>
        <IntervalBar interval={segment.positive_rate_interval} value={segment.positive_rate_percent} />
      </td>
      <td className="number">{formats.count(segment.verdicts)}</td>
    </tr>
  );
}

function TagKey({ value, onChange }: { value: string; onChange: (key: string) => void }) {
  const messages = useMessages();
  const [text, setText] = useState(value);
  const submit = () => onChange(text.trim());
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <input aria-label={messages.overview.tagKey} placeholder={messages.overview.tagKey} value={text} onChange={(event) => setText(event.target.value)} onBlur={submit} />
    </form>
  );
}
