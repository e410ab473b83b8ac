use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use candor_context::{RequestIds, Span, SpanRef, SpanType, Tracer, propagation};
use candor_http::sse::{ResumableAnswers, SseAnswer};
use candor_model::ClientRequestId;
use futures_util::TryStreamExt;
use serde_json::json;
use uuid::Uuid;

use crate::error::Problem;
use crate::model_span::Texts;
use crate::openai::messages;
use crate::question::Question;
use crate::{Library, Prompt, Responder, ResponderError};

/// The passages that an answer is made from.
const PASSAGES: usize = 4;
/// The longest request body, in bytes.
const MAX_BODY: usize = 64 << 10;

/// Answers questions about a library, each answer a trace.
///
/// | route | answers |
/// |---|---|
/// | `POST /chat` `{"message"}` | `{"response", "trace_id", "client_request_id"}` |
/// | `POST /chat/stream` `{"message"}` | events, see [`candor_http::sse`] |
///
/// The request's id is the one in `X-Client-Request-ID` or `X-Request-ID`, else one is made:
/// `req-` and eight hex digits. `X-Session-ID` and `X-User-ID` are put on the trace, and `traceparent`
/// is followed. A reader of a stream that comes back with `Last-Event-ID` gets what it missed.
#[derive(Clone)]
pub struct ChatService {
    tracer: Tracer,
    library: Arc<Library>,
    responder: Arc<dyn Responder>,
    answers: ResumableAnswers,
}

impl ChatService {
    /// Answers from `library` with the help of `responder`; `tracer` brings the traces to a store.
    pub fn new(tracer: Tracer, library: Library, responder: impl Responder) -> Self {
        Self {
            tracer,
            library: Arc::new(library),
            responder: Arc::new(responder),
            answers: ResumableAnswers::default(),
        }
    }

    /// Other terms for readers that come back than the default ones.
    #[must_use]
    pub fn resumable(mut self, answers: ResumableAnswers) -> Self {
        self.answers = answers;
        self
    }

    /// The routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/chat", post(chat))
            .route("/chat/stream", post(stream))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(self)
    }

    /// Starts the trace of a question.
    fn begin(&self, headers: &HeaderMap, question: &str) -> (Span, ClientRequestId) {
        let builder = self.tracer.span_builder("chat", SpanType::Chain).server();
        // A header that cannot be read is a trace that cannot be continued, not a question refused.
        let span = match propagation::parent(headers) {
            Ok(Some(parent)) => builder.remote_parent(&parent).start(),
            _ => builder.new_trace().start(),
        };
        span.set_inputs(json!({"message": question}));
        let ids = RequestIds::read(headers, true);
        let request = ids.client_request_id.clone().unwrap_or_else(new_request_id);
        if let Some(trace_id) = span.trace_id() {
            let update = ids.update().unwrap_or_default().client_request_id(request.clone()).request_preview(question);
            self.tracer.update_trace(trace_id, update);
        }
        (span, request)
    }

    /// Finds passages and lets the model begin; both are spans below `root`.
    async fn answer(&self, root: &SpanRef, question: String) -> Result<Texts, ResponderError> {
        let retriever = self.tracer.span_builder("retrieve", SpanType::Retriever).parent(root).start();
        retriever.set_inputs(json!({"query": question}));
        let passages = self.library.retrieve(&question, PASSAGES);
        retriever.set_outputs(passages.iter().map(as_document).collect::<Vec<_>>());
        retriever.end();

        let prompt = Prompt { question, passages };
        let model = self.tracer.span_builder("respond", SpanType::Llm).parent(root).client().start();
        model.set_inputs(json!({"messages": messages(&prompt)}));
        model.set_attribute("gen_ai.operation.name", "chat");
        model.set_attribute("gen_ai.request.model", self.responder.model());
        match self.responder.respond(&prompt).await {
            Ok(pieces) => Ok(Texts::new(pieces, model)),
            Err(error) => {
                model.record_error(&error);
                model.end();
                Err(error)
            }
        }
    }
}

async fn chat(
    State(service): State<ChatService>,
    headers: HeaderMap,
    Question(question): Question,
) -> Result<Response, Problem> {
    let (span, request) = service.begin(&headers, &question);
    let trace_id = span.trace_id();
    let answer = match service.answer(&span, question).await {
        Ok(texts) => texts.try_collect::<String>().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(response) => {
            span.set_outputs(&response);
            span.end();
            let trace_id = trace_id.map(|id| id.to_string());
            let body = json!({"response": response, "trace_id": trace_id, "client_request_id": request.as_str()});
            Ok(Json(body).into_response())
        }
        Err(error) => {
            tracing::warn!(%error, "a question was not answered");
            span.record_error(&error);
            span.end();
            Err(Problem::model(error.to_string(), trace_id))
        }
    }
}

async fn stream(State(service): State<ChatService>, headers: HeaderMap, body: Request) -> Response {
    // The question was asked already; what the body says now is of no interest.
    if let Some(resumed) = service.answers.resume(&headers) {
        return resumed;
    }
    let question = match Question::from_request(body, &()).await {
        Ok(Question(question)) => question,
        Err(problem) => return problem.into_response(),
    };
    let (span, request) = service.begin(&headers, &question);
    let answering = service.clone();
    let root = span.handle();
    // The reader learns the trace's id before the first passage is looked for.
    let texts = futures_util::stream::once(async move { answering.answer(&root, question).await }).try_flatten();
    SseAnswer::new(texts).client_request_id(request).resumable(&service.answers).recorded_by(span).into_response()
}

/// The form in which MLflow shows what a retriever found.
fn as_document(passage: &crate::Passage) -> serde_json::Value {
    json!({
        "page_content": passage.text,
        "metadata": {"doc_uri": passage.source, "title": passage.title, "score": passage.score},
    })
}

fn new_request_id() -> ClientRequestId {
    let id = Uuid::new_v4().simple().to_string();
    let Ok(id) = ClientRequestId::new(format!("req-{}", &id[..8])) else {
        unreachable!("twelve ASCII characters are an id")
    };
    id
}

impl fmt::Debug for ChatService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatService").field("responder", &self.responder).finish_non_exhaustive()
    }
}
