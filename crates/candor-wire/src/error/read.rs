use serde_json::error::Category;

/// Why a body or a query string cannot be read. All of these are the sender's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// The body is not JSON at all; MLflow's server reads such a body as an empty object.
    Malformed {
        /// What the parser met, and where.
        reason: String,
    },
    /// A required field is absent, null or empty.
    Missing {
        /// The field, by its path from the body's root.
        field: String,
    },
    /// A field holds something that it must not.
    Field {
        /// The field, by its path from the body's root; empty for the body itself.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The message of a deserializer that met null or an empty text in a required field.
pub(crate) const MISSING: &str = "missing value";

impl WireError {
    pub(crate) fn field(path: &str, reason: impl ToString) -> Self {
        Self::Field { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl std::error::Error for WireError {}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed { reason } => write!(f, "The body is not valid JSON: {reason}"),
            Self::Missing { field } => write!(
                f,
                "Missing value for required parameter '{field}'. See the API docs for more information about \
                 request parameters."
            ),
            Self::Field { path, reason } if speaks_for_itself(path, reason) => f.write_str(reason),
            Self::Field { path, reason } => write!(f, "Invalid value for '{path}': {reason}"),
        }
    }
}

/// Whether the reason is a sentence of MLflow's: these name the field themselves, and begin with a
/// capital letter or the field in quotes, as no reason of ours or serde's does.
fn speaks_for_itself(path: &str, reason: &str) -> bool {
    path.is_empty() || reason.starts_with(|first: char| first.is_ascii_uppercase() || "`'".contains(first))
}

/// Turns serde's error about `body` into ours.
pub(crate) fn explain(error: &serde_path_to_error::Error<serde_json::Error>, body: &[u8]) -> WireError {
    let path = match error.path().to_string() {
        root if root == "." => String::new(),
        path => path,
    };
    let error = error.inner();
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = text.strip_suffix(&place).unwrap_or(&text);
    match error.classify() {
        Category::Data => explain_field(path, reason),
        _ if reason == "number out of range" => WireError::Field { path, reason: reason.to_owned() },
        _ if reason == "recursion limit exceeded" => WireError::Field { path, reason: "nested too deeply".to_owned() },
        _ => match nonfinite_number(body, error) {
            Some(literal) => WireError::Field { path, reason: format!("numbers must be finite, got {literal}") },
            None => WireError::Malformed { reason: text },
        },
    }
}

fn explain_field(path: String, reason: &str) -> WireError {
    if reason == MISSING {
        return WireError::Missing { field: snake_case(&path) };
    }
    let quoted = |prefix| reason.strip_prefix(prefix)?.strip_suffix('`');
    let within = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    if let Some(field) = quoted("missing field `") {
        return WireError::Missing { field: snake_case(&within(field)) };
    }
    if let Some(field) = quoted("duplicate field `") {
        let reason = match camel_case(field) {
            camel if camel == field => "given twice".to_owned(),
            camel => format!("Request specifies both '{field}' and '{camel}'; provide only one of them."),
        };
        return WireError::Field { path: within(field), reason };
    }
    WireError::Field { path, reason: reason.to_owned() }
}

/// Field names in messages are MLflow's, whichever spelling the sender chose.
fn snake_case(path: &str) -> String {
    let mut snake = String::with_capacity(path.len());
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

fn camel_case(field: &str) -> String {
    let mut words = field.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

/// The literal that Python writes for a number that JSON cannot express, if the parser stopped at one.
fn nonfinite_number(body: &[u8], error: &serde_json::Error) -> Option<&'static str> {
    let line_start = match error.line() {
        0 => return None,
        1 => 0,
        line => body.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(line - 2)?.0 + 1,
    };
    // The parser counts the byte it peeked at, or the sign before it.
    let stop = line_start + error.column();
    let start = stop.saturating_sub(2);
    ["-Infinity", "Infinity", "NaN"].into_iter().find(|literal| {
        (start..=stop).any(|at| body.get(at..).is_some_and(|rest| rest.starts_with(literal.as_bytes())))
    })
}
