//! A whole service of all routers: what stands around them, and the loop that serves them.
//!
//! [`app`] puts every router of this crate into one; [`serve`] answers connections with it until it
//! is told to stop. An app of your own mounts the routers it wants and brings its own surroundings.
//!
//! Every request gets an id (`X-Request-ID`, the caller's own if it sent one), which is in every line
//! that is logged about it and in the answer. Handlers run under a time limit and panics are caught;
//! both are answered in the form of the API that was called.

pub(crate) mod body;
mod drain;
mod form;
mod guard;
mod listen;
mod observe;
mod origin;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::feedback::FeedbackConfig;
use crate::{ApiState, analytics, feedback, live, mlflow, otlp, ui};
use drain::Drain;
use form::ErrorForm;
use guard::Guard;
pub use listen::serve;
use origin::OriginPolicy;

/// How much a caller may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest request body as it comes over the network, in bytes. 32 MiB by default.
    pub body_bytes: usize,
    /// How long a request may take before it is answered with 503. 30 s by default.
    ///
    /// A write that was passed to the store by then is carried out all the same.
    pub request_timeout: Duration,
    /// How long to wait for the next piece of a request body before the answer is 408. 10 s by default.
    ///
    /// A body that trickles in falls under [`request_timeout`](Self::request_timeout).
    pub body_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
        }
    }
}

/// Every router of this crate over one store, with all that a service wants around them.
///
/// `allowed_origins` are the web origins, e.g. `https://app.example.com`, that may call from a
/// browser, besides pages of the same host and of localhost; `*` allows all. Others are kept from
/// changing anything, whatever API they call. The feedback and analytics APIs answer the allowed
/// ones with CORS headers.
pub fn app(state: ApiState, feedback: FeedbackConfig, limits: Limits, allowed_origins: Vec<String>) -> Router {
    app_with(state, feedback, limits, allowed_origins, Router::new())
}

/// [`app`] with further routes, which get all that Candor's own routes get.
pub fn app_with(
    state: ApiState,
    feedback: FeedbackConfig,
    limits: Limits,
    allowed_origins: Vec<String>,
    more: Router,
) -> Router {
    let origins = OriginPolicy::new(allowed_origins);
    let guard = |form: ErrorForm| {
        let guard = Guard { form, timeout: limits.request_timeout, origins: origins.clone() };
        from_fn_with_state(guard, guard::guard)
    };
    // Twice what is taken is enough for mistakes; who sends more is cut off.
    let unwanted = Drain { bytes: limits.body_bytes.saturating_mul(2).max(1 << 20), time: limits.body_timeout };
    let own = feedback::router(state.clone(), feedback)
        .merge(analytics::router(state.clone()))
        .merge(live::router(state.clone()))
        .merge(more);
    // In one piece: a router boxes each of its routes anew for every layer that it is given, and
    // copies all of these boxes for each request.
    let around = ServiceBuilder::new()
        .layer(from_fn(observe::observe))
        .layer(always(header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(from_fn_with_state(unwanted, drain::drain))
        .layer(RequestBodyTimeoutLayer::new(limits.body_timeout))
        .layer(DefaultBodyLimit::max(limits.body_bytes));
    Router::new()
        .merge(mlflow::router(state.clone()).layer(guard(ErrorForm::Mlflow)))
        .merge(otlp::router(state).layer(guard(ErrorForm::Otlp)))
        .merge(own.layer(ServiceBuilder::new().layer(cors(&origins)).layer(guard(ErrorForm::Problem))))
        .merge(ui::router())
        .route("/health", get(async || "OK"))
        .fallback(form::not_found)
        .layer(around)
}

/// Sets a header of every answer that does not set it itself.
fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

fn cors(origins: &OriginPolicy) -> CorsLayer {
    let origins = origins.clone();
    let lists = |names: &[&'static str]| names.iter().map(|name| HeaderName::from_static(name)).collect::<Vec<_>>();
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, request| origins.allows(origin, &request.headers)))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(lists(&[
            "authorization",
            "content-type",
            "idempotency-key",
            "last-event-id",
            "traceparent",
            "x-client-request-id",
            "x-request-id",
            "x-session-id",
            "x-user-id",
        ]))
        .expose_headers(lists(&["idempotent-replayed", "retry-after", "x-request-id"]))
        .max_age(Duration::from_secs(600))
}
