import type { AnyValue, KeyValue, WireSpan } from "../api/types";
import { groupBy } from "./group";

export interface Span {
  id: string;
  parent: string | undefined;
  name: string;
  type: string;
  /** Milliseconds after the first span's start. */
  start: number;
  /** Undefined while it has not ended. */
  end: number | undefined;
  depth: number;
  isError: boolean;
  message: string;
  inputs: unknown;
  outputs: unknown;
  attributes: [string, unknown][];
  events: { name: string; at: number; attributes: [string, unknown][] }[];
}

const INPUTS = "mlflow.spanInputs";
const OUTPUTS = "mlflow.spanOutputs";
const TYPE = "mlflow.spanType";

/** The spans of a trace in the order of its tree, parents before children, siblings by start. */
export function spanTree(wire: WireSpan[]): Span[] {
  const origin = Math.min(...wire.map((span) => ms(span.start_time_unix_nano)));
  const spans = wire.map((span) => decode(span, origin)).sort((a, b) => a.start - b.start);
  const ids = new Set(spans.map((span) => span.id));
  const children = groupBy(spans, (span) => (span.parent !== undefined && ids.has(span.parent) ? span.parent : ""));
  const ordered: Span[] = [];
  const seen = new Set<string>();
  const stack = (children.get("") ?? []).toReversed();
  while (stack.length > 0 || seen.size < ids.size) {
    // Spans in a circle have no root: the earliest that is left begins.
    const span = stack.pop() ?? spans.find((left) => !seen.has(left.id));
    if (!span) break;
    if (seen.has(span.id)) continue;
    seen.add(span.id);
    const parent = ordered.find((other) => other.id === span.parent);
    span.depth = parent ? parent.depth + 1 : 0;
    ordered.push(span);
    stack.push(...(children.get(span.id) ?? []).toReversed());
  }
  return ordered;
}

/** Milliseconds from the first start to the last end. */
export function extent(spans: Span[]): number {
  return Math.max(0.001, ...spans.map((span) => span.end ?? span.start));
}

export function plain(value: AnyValue | undefined): unknown {
  if (value === undefined) return null;
  if (value.string_value !== undefined) return value.string_value;
  if (value.bool_value !== undefined) return value.bool_value;
  if (value.int_value !== undefined) return Number(value.int_value);
  if (value.double_value !== undefined) return value.double_value;
  if (value.array_value !== undefined) return (value.array_value.values ?? []).map(plain);
  if (value.kvlist_value !== undefined) return Object.fromEntries(pairs(value.kvlist_value.values));
  return value.bytes_value ?? null;
}

function pairs(list: KeyValue[] = []): [string, unknown][] {
  return list.map(({ key, value }) => [key, plain(value)]);
}

function decode(span: WireSpan, origin: number): Span {
  const all = pairs(span.attributes);
  const known = new Map(all);
  const type = known.get(TYPE);
  return {
    id: hex(span.span_id),
    parent: span.parent_span_id ? hex(span.parent_span_id) : undefined,
    name: span.name,
    type: typeof type === "string" ? type : "",
    start: ms(span.start_time_unix_nano) - origin,
    end: span.end_time_unix_nano === undefined ? undefined : ms(span.end_time_unix_nano) - origin,
    depth: 0,
    isError: span.status?.code === "STATUS_CODE_ERROR",
    message: span.status?.message ?? "",
    inputs: known.get(INPUTS),
    outputs: known.get(OUTPUTS),
    attributes: all.filter(([key]) => ![INPUTS, OUTPUTS, TYPE, "mlflow.traceRequestId"].includes(key)),
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      at: ms(event.time_unix_nano ?? span.start_time_unix_nano) - origin,
      attributes: pairs(event.attributes),
    })),
  };
}

/** Nanoseconds are beyond what a double holds exactly; a quarter of a microsecond is lost. */
function ms(nanos: number | string): number {
  return Number(nanos) / 1e6;
}

/** Span ids are base64 on the wire and hex in assessments. */
function hex(base64: string): string {
  try {
    return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return base64;
  }
}
