//! Values of any type as attributes: OpenTelemetry has scalars only, the rest is JSON text.

use opentelemetry::Value;
use serde::Serialize;

/// The value as an attribute holds it; `None` when it cannot be serialised.
pub(crate) fn attribute_value(value: &impl Serialize) -> Option<Value> {
    let json = serde_json::to_value(value).inspect_err(report).ok()?;
    Some(match json {
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::String(text) => Value::String(text.into()),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::I64(number),
            (None, Some(number)) => Value::F64(number),
            (None, None) => Value::String(number.to_string().into()),
        },
        json => Value::String(json.to_string().into()),
    })
}

/// The value as JSON text; `None` when it cannot be serialised.
pub(crate) fn json_text(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).inspect_err(report).ok()
}

/// Tracing must not fail what it watches, so the value is left out.
fn report(error: &serde_json::Error) {
    tracing::debug!(%error, "a value of a span cannot be written as JSON");
}
