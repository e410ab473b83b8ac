//! Keys that MLflow, OpenTelemetry and Candor give a meaning to.
//!
//! Source: MLflow's tracing constants, and OpenTelemetry's semantic conventions for GenAI.

/// Tag: the trace's name.
pub const TRACE_NAME: &str = "mlflow.traceName";
/// Tag: where the spans are kept; [`TRACKING_STORE`] here. Clients upload spans as files otherwise.
pub const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
/// Value of [`SPANS_LOCATION`]: the spans are in the tracking store.
pub const TRACKING_STORE: &str = "TRACKING_STORE";
/// Tag: where files of the trace would be kept.
pub const ARTIFACT_LOCATION: &str = "mlflow.artifactLocation";
/// Tag: set by MLflow when it has moved the spans to an archive.
pub const ARCHIVE_LOCATION: &str = "mlflow.trace.archiveLocation";
/// Tag: set by MLflow when archiving failed.
pub const ARCHIVAL_FAILURE: &str = "mlflow.trace.archivalFailure";

/// Metadata: the conversation that a trace belongs to.
pub const SESSION: &str = "mlflow.trace.session";
/// Metadata: the app's user.
pub const USER: &str = "mlflow.trace.user";
/// Metadata: token counts of the whole trace, as JSON.
pub const TOKEN_USAGE: &str = "mlflow.trace.tokenUsage";
/// Metadata: cost of the whole trace in US dollars, as JSON.
pub const COST: &str = "mlflow.trace.cost";
/// Metadata: number and sizes of the spans, as JSON.
pub const SIZE_STATS: &str = "mlflow.trace.sizeStats";
/// Metadata: `true` once a client has sent the final trace info.
pub const INFO_FINALIZED: &str = "mlflow.trace.infoFinalized";
/// Metadata: the run that a trace was logged in.
pub const SOURCE_RUN: &str = "mlflow.sourceRun";

/// Span attribute: the MLflow trace id.
pub const SPAN_TRACE_REQUEST_ID: &str = "mlflow.traceRequestId";
/// Span attribute: the span's type, e.g. `LLM`.
pub const SPAN_TYPE: &str = "mlflow.spanType";
/// Span attribute: what went in.
pub const SPAN_INPUTS: &str = "mlflow.spanInputs";
/// Span attribute: what came out.
pub const SPAN_OUTPUTS: &str = "mlflow.spanOutputs";
/// Span attribute: token counts of this span.
pub const SPAN_TOKEN_USAGE: &str = "mlflow.chat.tokenUsage";
/// Span attribute: tools offered to the model.
pub const SPAN_CHAT_TOOLS: &str = "mlflow.chat.tools";
/// Span attribute: the model's name.
pub const SPAN_MODEL: &str = "mlflow.llm.model";
/// Span attribute: the model's provider.
pub const SPAN_PROVIDER: &str = "mlflow.llm.provider";
/// Span attribute: cost of this span in US dollars.
pub const SPAN_COST: &str = "mlflow.llm.cost";
/// Prefix of root-span attributes that become trace tags.
pub const SPAN_TRACE_TAG_PREFIX: &str = "mlflow.traceTag.";
/// Span attribute of the GenAI conventions: the provider's id of the completion.
pub const GEN_AI_RESPONSE_ID: &str = "gen_ai.response.id";

/// Event of the GenAI conventions: what an evaluation made of an answer.
pub const EVALUATION_RESULT: &str = "gen_ai.evaluation.result";
/// Attribute of [`EVALUATION_RESULT`]: what was evaluated, e.g. `relevance`.
pub const EVALUATION_NAME: &str = "gen_ai.evaluation.name";
/// Attribute of [`EVALUATION_RESULT`]: the score, a number.
pub const EVALUATION_SCORE: &str = "gen_ai.evaluation.score.value";
/// Attribute of [`EVALUATION_RESULT`]: the score in a word, e.g. `pass`.
pub const EVALUATION_LABEL: &str = "gen_ai.evaluation.score.label";
/// Attribute of [`EVALUATION_RESULT`]: why, in words.
pub const EVALUATION_EXPLANATION: &str = "gen_ai.evaluation.explanation";
/// Attribute of [`EVALUATION_RESULT`]: why there is no score.
pub const ERROR_TYPE: &str = "error.type";
/// Attribute of [`EVALUATION_RESULT`]: the model that judged; a program did where it is absent.
///
/// Candor's own: the conventions have no name for it.
pub const EVALUATION_MODEL: &str = "candor.evaluation.model";
/// Span attribute: the app's own id of the request, for exporters that send no trace info.
pub const SPAN_CLIENT_REQUEST_ID: &str = "candor.client_request_id";

/// Assessment metadata: marks a feedback that withdraws the one it overrides.
pub const RETRACTED: &str = "candor.retracted";
/// Assessment metadata: the conversation that the verdict was given in.
///
/// Not [`SESSION`]: MLflow reads that key as "this verdict is about the whole session".
pub const FEEDBACK_SESSION: &str = "candor.session_id";
