import { memo, type ReactNode } from "react";
import { Link } from "wouter";
import type { TraceInfo } from "../../api/types";
import { Badges } from "../../components/Verdict";
import { gist, oneLine } from "../../logic/content";
import { duration, durationMs, type Formats } from "../../logic/format";
import { remark } from "../../logic/verdicts";
import { useFormats } from "../../state/formats";
import { useMessages } from "../../state/settings";
import type { Column } from "./query";

interface RowProps {
  index: number;
  top: number;
  trace: TraceInfo | undefined;
  columns: Column[];
  isFocused: boolean;
  isSelected: boolean;
  hrefOf: (id: string) => string;
  onToggle: () => void;
}

/** One trace on one line. */
export const TraceRow = memo(function TraceRow({ index, top, trace, columns, isFocused, isSelected, hrefOf, onToggle }: RowProps) {
  const messages = useMessages();
  const formats = useFormats();
  const place = (element: HTMLElement | null) => {
    if (element) element.style.transform = `translateY(${top}px)`;
  };
  if (!trace) {
    return (
      <div role="row" className="row waiting" ref={place} aria-rowindex={index + 2}>
        <span role="cell" className="cell">
          <span className="visually-hidden">{messages.loading}</span>
        </span>
      </div>
    );
  }
  const question = gist(trace.request_preview, "question") || trace.trace_id;
  return (
    <div role="row" className={`row${isFocused ? " focused" : ""}${isSelected ? " selected" : ""}`} ref={place} aria-rowindex={index + 2}>
      <span role="cell" className="cell select">
        <input type="checkbox" checked={isSelected} onChange={onToggle} aria-label={messages.list.select(question.slice(0, 80))} />
      </span>
      {columns.map((column) => (
        <span key={column} role="cell" className={`cell ${column}`}>
          {column === "question" ? (
            <Link href={hrefOf(trace.trace_id)} className="row-link">
              {question}
            </Link>
          ) : (
            content(column, trace, formats)
          )}
        </span>
      ))}
      {!columns.includes("question") && (
        <span role="cell" className="cell">
          <Link href={hrefOf(trace.trace_id)} className="row-link" aria-label={question} />
        </span>
      )}
    </div>
  );
});

function content(column: Column, trace: TraceInfo, formats: Formats): ReactNode {
  switch (column) {
    case "verdict":
      return <Badges assessments={trace.assessments} />;
    case "answer":
      return oneLine(gist(trace.response_preview, "answer"));
    case "comment":
      return <q>{remark(trace.assessments)}</q>;
    case "time":
      return <time dateTime={trace.request_time}>{formats.bucket(trace.request_time, "hour")}</time>;
    case "duration":
      return duration(durationMs(trace.execution_duration));
    case "state":
      return <span className={trace.state === "ERROR" ? "tone-negative" : "faint"}>{trace.state}</span>;
    case "name":
      return trace.tags?.["mlflow.traceName"] ?? "";
    case "user":
      return trace.trace_metadata?.["mlflow.trace.user"] ?? "";
    case "session":
      return trace.trace_metadata?.["mlflow.trace.session"] ?? "";
    case "tags":
      return ownTags(trace).map(([key, value]) => <span key={key} className="badge small">{`${key}: ${value}`}</span>);
    case "id":
      return <code>{trace.trace_id}</code>;
    default:
      return null;
  }
}

/** Tags that people set; the server's own begin with `mlflow.`. */
export function ownTags(trace: TraceInfo): [string, string][] {
  return Object.entries(trace.tags ?? {}).filter(([key]) => !key.startsWith("mlflow."));
}
