/** JSON of the routes that the pages call, as `docs/http-api.md` describes it. */

export type SourceType = "HUMAN" | "LLM_JUDGE" | "CODE";

export type FeedbackValue = boolean | number | string | null | FeedbackValue[] | { [key: string]: FeedbackValue };

export interface Experiment {
  experiment_id: string;
  name: string;
  lifecycle_stage: string;
}

export interface Assessment {
  assessment_id: string;
  assessment_name: string;
  trace_id: string;
  span_id?: string;
  source: { source_type: string; source_id?: string };
  create_time: string;
  last_update_time?: string;
  feedback?: { value?: FeedbackValue; error?: { error_code?: string; error_message?: string; stack_trace?: string } };
  expectation?: { value?: FeedbackValue; serialized_value?: { value: string } };
  rationale?: string;
  metadata?: Record<string, string>;
  overrides?: string;
  valid?: boolean;
}

export interface TraceInfo {
  trace_id: string;
  client_request_id?: string;
  trace_location?: { mlflow_experiment?: { experiment_id: string } };
  request_time: string;
  /** Seconds with a unit, e.g. `1.500s`. */
  execution_duration?: string;
  state: string;
  trace_metadata?: Record<string, string>;
  tags?: Record<string, string>;
  request_preview?: string;
  response_preview?: string;
  assessments?: Assessment[];
}

export interface TracePage {
  traces?: TraceInfo[];
  next_page_token?: string;
}

export interface AnyValue {
  string_value?: string;
  bool_value?: boolean;
  int_value?: number | string;
  double_value?: number;
  bytes_value?: string;
  array_value?: { values?: AnyValue[] };
  kvlist_value?: { values?: KeyValue[] };
}

export interface KeyValue {
  key: string;
  value?: AnyValue;
}

export interface WireSpan {
  span_id: string;
  parent_span_id?: string;
  name: string;
  start_time_unix_nano: number | string;
  end_time_unix_nano?: number | string;
  attributes?: KeyValue[];
  events?: { time_unix_nano?: number | string; name: string; attributes?: KeyValue[] }[];
  status?: { code?: string; message?: string };
}

export interface WireTrace {
  trace_info: TraceInfo;
  spans?: WireSpan[];
}

export interface Interval {
  low_percent: number;
  high_percent: number;
}

export interface Figures {
  total_traces: number;
  traces_with_feedback: number;
  feedback_rate_percent: number | null;
  positive: number;
  negative: number;
  positive_rate_percent: number | null;
  positive_rate_interval: Interval | null;
}

export interface Summary extends Figures {
  previous: (Figures & { from: string; until: string }) | null;
}

export interface DimensionMean {
  dimension: string;
  name: string;
  mean: number | null;
  count: number;
}

export interface DimensionRating extends DimensionMean {
  distribution: { low: number; high: number; count: number }[];
}

export interface Ratings {
  dimensions: DimensionRating[];
  previous: { dimensions: DimensionRating[] } | null;
}

export interface Bucket extends Figures {
  start: string;
  end: string;
  dimensions: DimensionMean[];
}

export interface SegmentFigures {
  traces: number;
  positive: number;
  negative: number;
  verdicts: number;
  positive_rate_percent: number | null;
  positive_rate_interval: Interval | null;
}

export interface Segment extends SegmentFigures {
  segment: string;
  previous: SegmentFigures | null;
  filter: string | null;
}

/** A verdict as Candor's own routes show it. */
export interface Verdict {
  assessment_id: string;
  trace_id: string | null;
  span_id: string | null;
  name: string;
  value: FeedbackValue;
  error: { code: string; message?: string } | null;
  rationale: string | null;
  source: { type: SourceType; id: string };
  create_time: string;
  overrides: string | null;
  valid: boolean | null;
  retracted: boolean;
  pending: boolean;
  target?: Record<string, string>;
  received_at?: string;
  state?: "pending" | "orphaned";
}

export interface Comment {
  feedback: Verdict;
  trace: { trace_id: string; experiment_id: string; request_time: string; request_preview: string | null; response_preview: string | null };
}
