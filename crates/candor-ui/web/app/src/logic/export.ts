import type { TraceInfo } from "../api/types";
import { gist } from "./content";
import { durationMs } from "./format";
import { others, remark, thumbs, valueText } from "./verdicts";

const COLUMNS = [
  "trace_id", "client_request_id", "request_time", "duration_ms", "state", "positive", "negative", "comment", "feedback", "question", "answer", "tags", "metadata",
];

export function jsonLines(traces: TraceInfo[]): string {
  return traces.map((trace) => `${JSON.stringify(trace)}\n`).join("");
}

/** RFC 4180, for spreadsheets. */
export function csv(traces: TraceInfo[]): string {
  return [COLUMNS, ...traces.map(row)].map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function row(trace: TraceInfo): string[] {
  const { up, down } = thumbs(trace.assessments);
  const feedback = others(trace.assessments).map((a) => `${a.assessment_name}=${valueText(a.feedback?.value)}`);
  return [
    trace.trace_id,
    trace.client_request_id ?? "",
    trace.request_time,
    String(durationMs(trace.execution_duration) ?? ""),
    trace.state,
    String(up),
    String(down),
    remark(trace.assessments),
    feedback.join("; "),
    gist(trace.request_preview, "question"),
    gist(trace.response_preview, "answer"),
    JSON.stringify(trace.tags ?? {}),
    JSON.stringify(trace.trace_metadata ?? {}),
  ];
}

/** Spreadsheets run what begins like a formula; a quote in front keeps it a text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Lets the browser save a text as a file. */
export function save(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by the next turn of its loop, slow ones a little later.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
