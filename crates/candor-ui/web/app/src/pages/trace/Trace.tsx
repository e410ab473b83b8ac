import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { ApiError } from "../../api/http";
import { trace as loadTrace } from "../../api/traces";
import type { TraceInfo, WireTrace } from "../../api/types";
import { Content } from "../../components/Content";
import { Failed, Loading } from "../../components/States";
import { gistOf, parse } from "../../logic/content";
import { duration, durationMs } from "../../logic/format";
import { spanTree, type Span } from "../../logic/spans";
import { useFormats } from "../../state/formats";
import { linkTo } from "../../state/scope";
import { useMessages } from "../../state/settings";
import { refreshRow } from "../traces/memory";
import { ownTags } from "../traces/TraceRow";
import { Assessments } from "./Assessments";
import { Neighbours } from "./Neighbours";
import { SpanDetail } from "./SpanDetail";
import { Waterfall } from "./Waterfall";

/** One answer, what people say of it, and how it came to be. */
export default function Trace({ id }: { id: string }) {
  const messages = useMessages();
  const [parameters] = useSearchParams();
  const found = useQuery({ queryKey: ["trace", id], queryFn: ({ signal }) => loadTrace(id, signal) });
  const list = linkTo("/traces", parameters, { filter: parameters.get("filter") ?? undefined, sort: parameters.get("sort") ?? undefined });
  useEffect(() => {
    if (found.data) refreshRow(found.data.trace_info);
  }, [found.data]);
  return (
    <div className="trace">
      <div className="toolbar">
        <Link href={list} className="button">
          ← {messages.trace.back}
        </Link>
        <span className="spring" />
        <Neighbours id={id} trace={found.data?.trace_info} />
      </div>
      {found.error ? (
        found.error instanceof ApiError && found.error.status === 404 ? (
          <p className="empty" role="alert">{messages.trace.notFound}</p>
        ) : (
          <Failed error={found.error} retry={() => void found.refetch()} />
        )
      ) : found.data ? (
        <Whole key={id} trace={found.data} />
      ) : (
        <Loading />
      )}
    </div>
  );
}

function Whole({ trace }: { trace: WireTrace }) {
  const messages = useMessages();
  const client = useQueryClient();
  const spans = useMemo(() => spanTree(trace.spans ?? []), [trace.spans]);
  const [selectedId, setSelectedId] = useState<string>();
  const selected = spans.find((span) => span.id === selectedId) ?? spans[0];
  const info = trace.trace_info;
  const root = spans.find((span) => span.parent === undefined) ?? spans[0];
  const question = root?.inputs ?? previewOf(info.request_preview);
  const answer = root?.outputs ?? previewOf(info.response_preview);
  const errors = spans.filter((span) => span.isError);
  const changed = async () => {
    await client.invalidateQueries({ queryKey: ["trace", info.trace_id] });
    // Figures and comments are about verdicts, too.
    void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "trace" });
  };
  return (
    <>
      <h1 className="title">{gistOf(typeof question === "string" ? parse(question) : question, "question")?.slice(0, 300) ?? info.trace_id}</h1>
      <Facts info={info} />
      {errors.map((span) => (
        <ErrorNote key={span.id} span={span} onSelect={() => setSelectedId(span.id)} />
      ))}
      <div className="answer-and-verdicts">
        <section className="card answer" aria-labelledby="answer">
          <details className="asked">
            <summary>
              <h2>{messages.trace.question}</h2>
            </summary>
            <Content value={question} />
          </details>
          <h2 id="answer">{messages.trace.answer}</h2>
          {answer === undefined || answer === null ? <p className="faint">{messages.trace.noAnswer}</p> : <Content value={shown(answer)} />}
        </section>
        <Assessments info={info} spans={spans} selected={selected} onChange={changed} />
      <section className="card all-spans" aria-labelledby="spans">
        <header>
          <h2 id="spans">
            {messages.trace.spans} <span className="faint">{spans.length}</span>
          </h2>
        </header>
        {spans.length === 0 ? (
          <p className="empty">{messages.trace.noSpans}</p>
        ) : (
          <div className="spans">
            <Waterfall spans={spans} selected={selected} assessments={info.assessments ?? []} onSelect={setSelectedId} />
            {selected && <SpanDetail key={selected.id} span={selected} />}
          </div>
        )}
        </section>
      </div>
    </>
  );
}

function Facts({ info }: { info: TraceInfo }) {
  const messages = useMessages();
  const formats = useFormats();
  const metadata = Object.entries(info.trace_metadata ?? {});
  const known: [string, string | undefined][] = [
    [messages.trace.user, info.trace_metadata?.["mlflow.trace.user"]],
    [messages.trace.session, info.trace_metadata?.["mlflow.trace.session"]],
    [messages.trace.requestId, info.client_request_id],
  ];
  return (
    <div className="facts">
      <span className={info.state === "ERROR" ? "badge negative" : "badge"}>{info.state}</span>
      <time dateTime={info.request_time}>{formats.time(info.request_time)}</time>
      <span>{duration(durationMs(info.execution_duration))}</span>
      {known.map(([name, value]) => value && (
        <span key={name}>
          <span className="faint">{name}</span> {value}
        </span>
      ))}
      <code>{info.trace_id}</code>
      {ownTags(info).map(([key, value]) => (
        <span key={key} className="badge small">{`${key}: ${value}`}</span>
      ))}
      {metadata.length > 0 && (
        <details>
          <summary>{messages.trace.metadata}</summary>
          <dl className="pairs">
            {metadata.map(([key, value]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

function ErrorNote({ span, onSelect }: { span: Span; onSelect: () => void }) {
  const messages = useMessages();
  const said = span.events.flatMap((event) => event.attributes).find(([key]) => key === "exception.message")?.[1];
  return (
    <div className="failed">
      <strong>{messages.trace.errorIn(span.name)}</strong>
      <span>{span.message || (typeof said === "string" ? said : "")}</span>
      <button type="button" className="button" onClick={onSelect}>
        {messages.trace.spans}
      </button>
    </div>
  );
}

function previewOf(preview: string | undefined): unknown {
  return preview === undefined ? undefined : parse(preview);
}

/** An answer that is one text in a wrapping is shown as that text. */
function shown(answer: unknown): unknown {
  const parsed = typeof answer === "string" ? parse(answer) : answer;
  const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  if (isObject && Object.keys(parsed).length === 1) return gistOf(parsed, "answer") ?? parsed;
  return parsed;
}
