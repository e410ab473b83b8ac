//! OTLP/HTTP: spans in protobuf or JSON, as `POST /v1/traces` brings them.
//!
//! Any OpenTelemetry exporter may send here, and MLflow's client does. The one thing to add is the
//! header `x-mlflow-experiment-id`. A batch is stored as a whole or not at all.

mod decompress;
pub(crate) use error::detail;

mod error;

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use candor_model::{ExperimentId, TraceId};
use candor_store::evaluation::evaluations;
use candor_store::{NewAssessment, SpanBatch, SpanGroup, TraceLink, TrackingStore};
use candor_wire::otlp::{OtlpError, OtlpTraces, decode_json, decode_protobuf};

use crate::ApiState;
use crate::server::body;
use decompress::Encoding;
use error::Refusal;

/// The longest body taken after decompression, in bytes.
///
/// A short compressed body can unpack to anything; this is where unpacking stops.
pub const MAX_DECODED_BYTES: usize = 64 * 1024 * 1024;

const EXPERIMENT_ID: HeaderName = HeaderName::from_static("x-mlflow-experiment-id");
const RUN_ID: HeaderName = HeaderName::from_static("x-mlflow-run-id");
const PROTOBUF: &str = "application/x-protobuf";

/// The router of `/v1/traces`, to be mounted at the root of an app.
///
/// Bodies as they come over the network may be as long as the app's [`DefaultBodyLimit`](axum::extract::DefaultBodyLimit) says,
/// 2 MB without one; unpacked they are held to [`MAX_DECODED_BYTES`].
pub fn router(state: ApiState) -> Router {
    Router::new()
        .route("/v1/traces", post(export))
        .method_not_allowed_fallback(async || error::method_not_allowed())
        .with_state(state)
}

async fn export(
    State(state): State<ApiState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let experiment = headers.get(EXPERIMENT_ID).ok_or(Refusal::MissingExperiment)?;
    let format = Format::of(&headers)?;
    let encoding = Encoding::of(&headers)?;
    let body = body?;
    let packed = body.len();
    let decode = move || {
        let body = decompress::decompress(encoding, &body, MAX_DECODED_BYTES)?;
        Ok::<_, Refusal>(format.decode(&body)?)
    };
    // Long once unpacked, whatever it is now.
    let length = if encoding == Encoding::Identity { packed } else { usize::MAX };
    let traces = body::decode_aside(length, decode).await?;
    let experiment_id = experiment_id(experiment)?;

    let roots = roots(&traces);
    let groups = traces.groups.into_iter().map(|group| SpanGroup { resource: group.attributes, spans: group.spans });
    let batch = SpanBatch { experiment_id, groups: groups.collect() };
    let verdicts = evaluations(batch.groups.iter().flat_map(|group| &group.spans));
    let run = headers.get(RUN_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    state
        .write(|store| async move {
            store.log_spans(batch).await?;
            if let Some(run) = run.filter(|run| !run.is_empty() && !roots.is_empty())
                && let Err(error) = store.link_traces(&roots, TraceLink::Run(run)).await
            {
                // The spans are stored; to refuse now would make the exporter send them again.
                tracing::warn!(%error, "traces could not be linked to their run");
            }
            if !verdicts.is_empty() {
                log_evaluations(&*store, verdicts).await;
            }
            Ok::<_, candor_store::StoreError>(())
        })
        .await?;
    // A serialized empty answer, also to JSON.
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF))], ()).into_response())
}

/// Logs what evaluations found. The spans are stored by now, so that errors are for the log only.
async fn log_evaluations(store: &dyn TrackingStore, verdicts: Vec<NewAssessment>) {
    let errors = match store.log_assessments(verdicts).await {
        Ok(answers) => answers.into_iter().filter_map(Result::err).collect(),
        Err(error) => vec![error],
    };
    for error in errors {
        tracing::warn!(%error, "an evaluation could not be logged");
    }
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Protobuf,
    Json,
}

impl Format {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
            return Err(Refusal::ContentType("None".to_owned()));
        };
        if body::is_media_type(content_type, PROTOBUF) {
            Ok(Self::Protobuf)
        } else if body::is_media_type(content_type, "application/json") {
            Ok(Self::Json)
        } else {
            Err(Refusal::ContentType(String::from_utf8_lossy(content_type.as_bytes()).into_owned()))
        }
    }

    fn decode(self, body: &[u8]) -> Result<OtlpTraces, OtlpError> {
        match self {
            Self::Protobuf => decode_protobuf(body),
            Self::Json => decode_json(body),
        }
    }
}

/// The experiment that the header names; MLflow reads an empty header as the default one.
fn experiment_id(header: &HeaderValue) -> Result<ExperimentId, Refusal> {
    let text = String::from_utf8_lossy(header.as_bytes());
    match text.trim() {
        "" => Ok(ExperimentId::DEFAULT),
        text => text.parse().map_err(|_| Refusal::ExperimentId(text.to_owned())),
    }
}

/// The traces whose root span is in the batch.
fn roots(traces: &OtlpTraces) -> Vec<TraceId> {
    let spans = traces.groups.iter().flat_map(|group| &group.spans);
    let roots: BTreeSet<TraceId> = spans.filter(|span| span.is_root()).map(|span| span.trace_id).collect();
    roots.into_iter().collect()
}
