//! OpenTelemetry's GenAI conventions, read into MLflow's span attributes.
//!
//! Source: OpenTelemetry semantic conventions for generative AI; MLflow's own mapping of them.

use candor_model::{AnyValue, Attributes, Span, keys};

/// Adds MLflow's attributes to a span where they can be told from OpenTelemetry's.
///
/// Sets the trace id attribute always, everything else only where it is absent.
pub fn complete_span(span: &mut Span) {
    let attributes = &mut span.attributes;
    attributes.insert(keys::SPAN_TRACE_REQUEST_ID, AnyValue::String(span.trace_id.to_string()));
    if attributes.iter().any(|(key, _)| key.starts_with("gen_ai.")) {
        complete_from_gen_ai(attributes);
    }
}

fn complete_from_gen_ai(attributes: &mut Attributes) {
    let usage = token_usage(attributes);
    let model = first(attributes, &["gen_ai.response.model", "gen_ai.request.model"]);
    if matches!(attributes.get_str(keys::SPAN_TYPE), None | Some("UNKNOWN")) {
        let operation = attributes.get_str("gen_ai.operation.name");
        let is_llm = operation.is_none() && (usage.is_some() || model.is_some());
        if let Some(kind) = operation.and_then(span_type).or(is_llm.then_some("LLM")) {
            attributes.insert(keys::SPAN_TYPE, kind.into());
        }
    }
    let inputs = first(attributes, &["gen_ai.input.messages", "gen_ai.tool.call.arguments"]);
    let outputs = first(attributes, &["gen_ai.output.messages", "gen_ai.tool.call.result"]);
    let provider = first(attributes, &["gen_ai.provider.name"]);
    let tools = first(attributes, &["gen_ai.tool.definitions"]);
    for (key, value) in [
        (keys::SPAN_INPUTS, inputs),
        (keys::SPAN_OUTPUTS, outputs),
        (keys::SPAN_TOKEN_USAGE, usage),
        (keys::SPAN_MODEL, model),
        (keys::SPAN_PROVIDER, provider),
        (keys::SPAN_CHAT_TOOLS, tools),
    ] {
        if let Some(value) = value
            && attributes.get(key).is_none()
        {
            attributes.insert(key, value);
        }
    }
}

fn span_type(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "chat" => "CHAT_MODEL",
        "create_agent" | "invoke_agent" => "AGENT",
        "embeddings" => "EMBEDDING",
        "execute_tool" => "TOOL",
        "generate_content" | "text_completion" | "response" => "LLM",
        _ => return None,
    })
}

fn token_usage(attributes: &Attributes) -> Option<AnyValue> {
    let count = |keys: &[&str]| {
        keys.iter().find_map(|key| match attributes.get(key) {
            Some(AnyValue::Int(count)) => Some(*count),
            _ => None,
        })
    };
    let input = count(&["gen_ai.usage.input_tokens"]);
    let output = count(&["gen_ai.usage.output_tokens"]);
    if input.is_none() && output.is_none() {
        return None;
    }
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    let mut usage =
        vec![("input_tokens", input), ("output_tokens", output), ("total_tokens", input.saturating_add(output))];
    if let Some(read) = count(&["gen_ai.usage.cache_read.input_tokens"]) {
        usage.push(("cache_read_input_tokens", read));
    }
    if let Some(written) = count(&["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"])
    {
        usage.push(("cache_creation_input_tokens", written));
    }
    Some(AnyValue::KvList(usage.into_iter().map(|(key, count)| (key.to_owned(), AnyValue::Int(count))).collect()))
}

fn first(attributes: &Attributes, keys: &[&str]) -> Option<AnyValue> {
    keys.iter().find_map(|key| attributes.get(key)).cloned()
}
