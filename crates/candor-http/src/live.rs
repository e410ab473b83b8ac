//! `GET /api/v1/feedback/live`: new verdicts as they are committed, as Server-Sent Events.
//!
//! The streams read the store's own order of arrival, so that they show what any route, any process
//! and any attached verdict brought, and can go on after a broken connection without a gap. A word
//! passed on within this process after each write would be quicker, but would miss all of that.
//! `Ticker` asks the store for the latest number while somebody listens; a stream reads only when
//! that moved.

mod stream;
mod ticker;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Uri};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use candor_model::{AssessmentName, SourceType};
use candor_store::ExperimentKey;
use tokio::sync::Semaphore;

use self::stream::{Listener, Wanted};
use self::ticker::Ticker;
use crate::analytics::{experiment_id, sources};
use crate::feedback::fields::Fields;
use crate::feedback::target::experiment;
use crate::problem::{Problem, ProblemKind, Result};
use crate::{ApiState, problem};

/// The most streams at once.
const MAX_STREAMS: usize = 256;
/// How long nothing is sent before a comment shows that the connection stands.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const LAST_EVENT_ID: &str = "last-event-id";
/// Tells nginx and its like to pass events on at once.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The route of the live view.
pub fn router(state: ApiState) -> Router {
    let live =
        Live { ticker: Ticker::new(Arc::clone(&state.store)), streams: Arc::new(Semaphore::new(MAX_STREAMS)), state };
    Router::new()
        .route("/api/v1/feedback/live", get(listen))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn(problem::name_request))
        .with_state(live)
}

#[derive(Clone, Debug)]
struct Live {
    state: ApiState,
    ticker: Ticker,
    streams: Arc<Semaphore>,
}

async fn listen(State(live): State<Live>, uri: Uri, headers: HeaderMap) -> Result<Response> {
    let (after, experiment, sources, name) = read(&uri, &headers)?;
    let experiment = match experiment {
        Some(key) => Some(experiment_id(&live.state, key).await?),
        None => None,
    };
    let full = |_| Problem::new(ProblemKind::Overloaded, format!("{MAX_STREAMS} streams are open; try again later"));
    let permit = Arc::clone(&live.streams).try_acquire_owned().map_err(full)?;
    let listener = Listener {
        store: Arc::clone(&live.state.store),
        closing: live.state.closing.clone(),
        ticks: live.ticker.listen(),
        wanted: Wanted { experiment, sources, name },
        permit,
    };
    let events = listener.begin(after).await?;
    let alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    Ok(([(UNBUFFERED, "no")], Sse::new(events).keep_alive(alive)).into_response())
}

type Asked = (Option<u64>, Option<ExperimentKey>, Vec<SourceType>, Option<AssessmentName>);

fn read(uri: &Uri, headers: &HeaderMap) -> Result<Asked> {
    let mut fields = Fields::of_query(uri);
    let experiment = experiment(&mut fields);
    let sources = fields.parsed("source", sources).unwrap_or_else(|| SourceType::ALL.to_vec());
    let name = fields.parsed("name", |text| AssessmentName::new(text));
    let number = |text: &str| text.parse::<u64>().map_err(|_| "must be the id of an event of this stream");
    let parameter = fields.parsed("last_event_id", number);
    // A browser that reconnects sends the header beside the address that it first had.
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().ok().and_then(|text| number(text).ok()));
    if header == Some(None) {
        fields.reject("Last-Event-ID", "must be the id of an event of this stream");
    }
    fields.finish(Some((header.flatten().or(parameter), experiment, sources, name)))
}
