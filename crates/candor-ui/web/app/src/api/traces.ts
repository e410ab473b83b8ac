import { call } from "./http";
import type { Assessment, Experiment, FeedbackValue, TraceInfo, TracePage, WireTrace } from "./types";

export interface TraceSearch {
  experiments: string[];
  filter: string;
  orderBy: string;
}

export async function experiments(signal?: AbortSignal): Promise<Experiment[]> {
  const found: Experiment[] = [];
  let token: string | undefined;
  do {
    const body = { max_results: 1000, page_token: token };
    const page: { experiments?: Experiment[]; next_page_token?: string } = await call(
      "POST",
      "/ajax-api/2.0/mlflow/experiments/search",
      { body, signal },
    );
    found.push(...(page.experiments ?? []));
    token = page.next_page_token;
  } while (token);
  return found;
}

export function search(query: TraceSearch, size: number, token?: string, signal?: AbortSignal): Promise<TracePage> {
  return call("POST", "/ajax-api/3.0/mlflow/traces/search", {
    body: {
      locations: query.experiments.map((experiment_id) => ({ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id } })),
      filter: query.filter || undefined,
      order_by: [query.orderBy],
      max_results: size,
      page_token: token,
    },
    signal,
  });
}

export async function trace(id: string, signal?: AbortSignal): Promise<WireTrace> {
  const path = "/ajax-api/3.0/mlflow/traces/get";
  const answer = await call<{ trace: WireTrace }>("GET", path, { query: { trace_id: id, allow_partial: "true" }, signal });
  return answer.trace;
}

export async function infos(ids: string[]): Promise<TraceInfo[]> {
  const path = "/ajax-api/3.0/mlflow/traces/batchGetInfos";
  return (await call<{ trace_infos?: TraceInfo[] }>("POST", path, { body: { trace_ids: ids } })).trace_infos ?? [];
}

export function deleteTraces(experiment: string, ids: string[]): Promise<unknown> {
  const body = { experiment_id: experiment, request_ids: ids };
  return call("POST", "/ajax-api/2.0/mlflow/traces/delete-traces", { body });
}

export function setTag(id: string, key: string, value: string): Promise<unknown> {
  return call("PATCH", `/ajax-api/3.0/mlflow/traces/${encodeURIComponent(id)}/tags`, { body: { key, value } });
}

export function deleteTag(id: string, key: string): Promise<unknown> {
  return call("DELETE", `/ajax-api/3.0/mlflow/traces/${encodeURIComponent(id)}/tags`, { body: { key } });
}

export interface Draft {
  kind: "feedback" | "expectation";
  name: string;
  value: FeedbackValue;
  rationale: string;
  spanId?: string | undefined;
  reviewer: string;
}

/** Logs one person's verdict; it replaces what the same person said of the same thing before. */
export function judge(traceId: string, draft: Draft): Promise<unknown> {
  const body = {
    trace_id: traceId,
    span_id: draft.spanId,
    name: draft.name,
    value: draft.value,
    rationale: draft.rationale || undefined,
    source: draft.reviewer ? { type: "HUMAN", id: draft.reviewer } : undefined,
  };
  return call("POST", "/api/v1/feedback", { body });
}

/** Logs what should have been answered, or an assessment that overrides another one. */
export function assess(traceId: string, draft: Draft, overrides?: string): Promise<unknown> {
  const assessment = {
    assessment_name: draft.name,
    trace_id: traceId,
    span_id: draft.spanId,
    source: { source_type: "HUMAN", source_id: draft.reviewer || "anonymous" },
    [draft.kind]: content(draft),
    rationale: draft.rationale || undefined,
    overrides,
  };
  return call("POST", `/ajax-api/3.0/mlflow/traces/${encodeURIComponent(traceId)}/assessments`, { body: { assessment } });
}

export function edit(old: Assessment, draft: Draft): Promise<unknown> {
  const assessment = { [draft.kind]: content(draft), rationale: draft.rationale };
  const body = { assessment, update_mask: `${draft.kind},rationale` };
  return call("PATCH", assessmentPath(old), { body });
}

export function removeAssessment(old: Assessment): Promise<unknown> {
  return call("DELETE", assessmentPath(old));
}

/** Lists and maps are no protobuf scalars: MLflow's expectations carry them as JSON text. */
function content(draft: Draft): unknown {
  const isNested = typeof draft.value === "object" && draft.value !== null;
  if (draft.kind === "expectation" && isNested) {
    return { serialized_value: { serialization_format: "JSON_FORMAT", value: JSON.stringify(draft.value) } };
  }
  return { value: draft.value };
}

function assessmentPath(assessment: Assessment): string {
  const id = encodeURIComponent(assessment.assessment_id);
  return `/ajax-api/3.0/mlflow/traces/${encodeURIComponent(assessment.trace_id)}/assessments/${id}`;
}
