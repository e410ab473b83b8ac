use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt, stream};
use reqwest::{Response, Url};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use crate::{EventReader, Piece, Pieces, Prompt, Responder, ResponderError};

/// Asks an endpoint that speaks OpenAI's chat completions, streamed.
#[derive(Clone)]
pub struct OpenAiResponder {
    http: reqwest::Client,
    url: Url,
    model: String,
    key: Option<String>,
    timeout: Duration,
}

impl OpenAiResponder {
    /// The endpoint with that base URL, e.g. `http://127.0.0.1:8080/v1`; `key` is sent as a bearer
    /// token. Every piece of the answer may take a minute.
    ///
    /// # Errors
    /// When the URL cannot be used, or the machine's TLS cannot.
    pub fn new(
        base_url: &str,
        model: impl Into<String>,
        key: Option<String>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let url = Url::parse(&format!("{}/chat/completions", base_url.trim_end_matches('/')))?;
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).build()?;
        Ok(Self { http, url, model: model.into(), key, timeout: Duration::from_secs(60) })
    }

    /// The longest that each piece of an answer may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl fmt::Debug for OpenAiResponder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiResponder")
            .field("url", &self.url.as_str())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Responder for OpenAiResponder {
    fn model(&self) -> &str {
        &self.model
    }

    async fn respond(&self, prompt: &Prompt) -> Result<Pieces, ResponderError> {
        let body = json!({
            "model": self.model,
            "messages": messages(prompt),
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        let request = self.http.post(self.url.clone()).json(&body);
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let sent = timeout(self.timeout, request.send()).await.map_err(|_| ResponderError::Timeout(self.timeout))?;
        let response = sent.map_err(|error| ResponderError::Unreachable(error.without_url()))?;
        if !response.status().is_success() {
            return Err(refusal(response, self.timeout).await);
        }
        Ok(Box::pin(pieces(response, self.timeout)))
    }
}

/// What the model is given; the trace shows the same.
pub(crate) fn messages(prompt: &Prompt) -> serde_json::Value {
    let found: Vec<String> = prompt
        .passages
        .iter()
        .map(|passage| format!("[{}] {}\n{}", passage.source, passage.title, passage.text))
        .collect();
    let system = format!(
        "Answer the question from these passages alone, briefly. Say so when they do not tell.\n\n{}",
        found.join("\n\n")
    );
    json!([{"role": "system", "content": system}, {"role": "user", "content": prompt.question}])
}

async fn refusal(response: Response, limit: Duration) -> ResponderError {
    #[derive(Deserialize)]
    struct Body {
        error: Detail,
    }
    let status = response.status().as_u16();
    let message = match timeout(limit, response.json::<Body>()).await {
        Ok(Ok(body)) => body.error.message,
        _ => "no reason given".to_owned(),
    };
    ResponderError::Refused { status, message: message.chars().take(300).collect() }
}

#[derive(Debug, Deserialize)]
struct Detail {
    message: String,
}

/// One event of the stream; fields that are not used are left out.
#[derive(Debug, Deserialize)]
struct Chunk {
    id: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<Detail>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

struct Reading {
    response: Response,
    reader: EventReader,
    limit: Duration,
    id_was_told: bool,
    is_done: bool,
}

/// The pieces of a streamed answer, which end after the first error.
fn pieces(response: Response, limit: Duration) -> impl Stream<Item = Result<Piece, ResponderError>> + Send {
    let reading = Reading { response, reader: EventReader::default(), limit, id_was_told: false, is_done: false };
    let batches = stream::unfold(reading, |mut reading| async move {
        if reading.is_done {
            return None;
        }
        let batch = match reading.next().await {
            Ok(pieces) => pieces.into_iter().map(Ok).collect(),
            Err(error) => {
                reading.is_done = true;
                vec![Err(error)]
            }
        };
        Some((stream::iter::<Vec<_>>(batch), reading))
    });
    batches.flatten()
}

impl Reading {
    /// The pieces in the next bytes.
    async fn next(&mut self) -> Result<Vec<Piece>, ResponderError> {
        let bytes =
            timeout(self.limit, self.response.chunk()).await.map_err(|_| ResponderError::Timeout(self.limit))?;
        let bytes = bytes.map_err(|error| ResponderError::Interrupted(error.without_url()))?;
        let bytes = bytes.ok_or(ResponderError::Incomplete)?;
        let events = self.reader.read(&bytes).map_err(|error| ResponderError::Malformed(error.into()))?;
        let mut pieces = Vec::new();
        for data in events {
            if data == "[DONE]" {
                self.is_done = true;
                break;
            }
            let chunk: Chunk = serde_json::from_str(&data).map_err(|error| ResponderError::Malformed(error.into()))?;
            if let Some(error) = chunk.error {
                return Err(ResponderError::Failed(error.message.chars().take(300).collect()));
            }
            if let Some(id) = chunk.id.filter(|id| !id.is_empty() && !self.id_was_told) {
                self.id_was_told = true;
                pieces.push(Piece::ResponseId(id));
            }
            let texts = chunk.choices.into_iter().filter_map(|choice| choice.delta.content);
            pieces.extend(texts.filter(|text| !text.is_empty()).map(Piece::Text));
            pieces.extend(chunk.usage.map(|usage| Piece::Usage {
                input_tokens: usage.prompt_tokens,
                output_tokens: usage.completion_tokens,
            }));
        }
        Ok(pieces)
    }
}
