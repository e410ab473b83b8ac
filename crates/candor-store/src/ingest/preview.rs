//! The short text of a request or a response that lists show.

use candor_model::AnyValue;

/// The longest preview, in characters.
const MAX_CHARS: usize = 1000;

/// The last chat message of `role` if the value holds a chat, else the value's JSON, shortened.
pub(super) fn preview(value: &AnyValue, role: &str) -> Option<String> {
    let text = chat_messages(value, 0).and_then(|messages| message_text(messages, role));
    Some(shortened(text.unwrap_or_else(|| value.preview_text())))
}

/// The messages of the chat structures that MLflow knows, in its order of preference.
fn chat_messages(value: &AnyValue, depth: usize) -> Option<Vec<&AnyValue>> {
    let list = |key| match value.get(key) {
        Some(AnyValue::Array(items)) if items.iter().all(is_message) && !items.is_empty() => {
            Some(items.iter().collect())
        }
        _ => None,
    };
    let choice = || match value.get("choices") {
        Some(AnyValue::Array(items)) => items.first()?.get("message").filter(|m| is_message(m)).map(|m| vec![m]),
        _ => None,
    };
    let nested = || match value.get("request") {
        Some(inner) if depth == 0 => chat_messages(inner, 1),
        _ => None,
    };
    list("messages").or_else(choice).or_else(|| list("input")).or_else(|| list("output")).or_else(nested)
}

fn is_message(value: &AnyValue) -> bool {
    value.get("role").is_some() && value.get("content").is_some()
}

fn message_text(messages: Vec<&AnyValue>, role: &str) -> Option<String> {
    let of_role = messages.iter().rev().find(|message| message.get("role").and_then(AnyValue::as_str) == Some(role));
    match of_role.or(messages.last())?.get("content")? {
        AnyValue::String(text) => Some(text.clone()),
        AnyValue::Array(parts) => parts.iter().find_map(|part| match part {
            AnyValue::String(text) => Some(text.clone()),
            part => {
                let is_text = matches!(part.get("type")?.as_str()?, "text" | "output_text");
                if is_text { part.get("text")?.as_str().map(str::to_owned) } else { None }
            }
        }),
        _ => None,
    }
}

fn shortened(text: String) -> String {
    if text.len() <= MAX_CHARS || text.chars().count() <= MAX_CHARS {
        return text;
    }
    text.chars().take(MAX_CHARS - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map<const N: usize>(pairs: [(&str, AnyValue); N]) -> AnyValue {
        AnyValue::KvList(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    #[test]
    fn the_last_message_of_the_role_is_shown() {
        let message = |role: &str, text: &str| map([("role", role.into()), ("content", text.into())]);
        let chat = map([("messages", AnyValue::Array(vec![message("user", "hi"), message("assistant", "hello")]))]);
        assert_eq!(preview(&chat, "user").as_deref(), Some("hi"));
        assert_eq!(preview(&chat, "assistant").as_deref(), Some("hello"));
        let completion = map([("choices", AnyValue::Array(vec![map([("message", message("assistant", "yes"))])]))]);
        assert_eq!(preview(&completion, "assistant").as_deref(), Some("yes"));
        assert_eq!(preview(&map([("request", chat)]), "user").as_deref(), Some("hi"));
    }

    #[test]
    fn anything_else_is_shown_as_json() {
        assert_eq!(preview(&"é".into(), "user").as_deref(), Some("\"é\""));
        let value = map([("a", "é".into()), ("f", AnyValue::Double(1.0)), ("none", AnyValue::Empty)]);
        assert_eq!(preview(&value, "user").as_deref(), Some(r#"{"a": "é", "f": 1.0, "none": null}"#));
    }

    #[test]
    fn long_previews_end_in_dots() {
        let shown = preview(&"é".repeat(2000).as_str().into(), "user").unwrap();
        assert_eq!(shown.chars().count(), 1000);
        assert!(shown.ends_with("é..."));
    }
}
