//! Reading the recorded exchanges, and comparing JSON by meaning.

use std::path::Path;

use base64::Engine as _;
use serde_json::Value;

/// One recorded call.
pub(crate) struct Exchange {
    pub(crate) file: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: String,
    pub(crate) gzip: bool,
    pub(crate) request: Body,
    pub(crate) status: u64,
    pub(crate) response: Body,
}

/// A body as it was recorded.
pub(crate) enum Body {
    None,
    Json(Value),
    Text(String),
    Bytes(Vec<u8>),
}

impl Body {
    fn from_json(json: &Value) -> Self {
        match json {
            Value::Null => Self::None,
            Value::String(text) => Self::Text(text.clone()),
            Value::Object(map) if map.len() == 1 && map.contains_key("base64") => {
                let text = map["base64"].as_str().unwrap();
                Self::Bytes(base64::engine::general_purpose::STANDARD.decode(text).unwrap())
            }
            json => Self::Json(json.clone()),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Json(json) => json.to_string().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }

    pub(crate) fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(json) => Some(json),
            _ => None,
        }
    }
}

/// All recorded exchanges, in order.
pub(crate) fn exchanges() -> Vec<Exchange> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire");
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| exchange(path)).collect()
}

/// The exchange whose file begins with that number.
pub(crate) fn recorded(number: &str) -> Exchange {
    exchanges().into_iter().find(|exchange| exchange.file.starts_with(number)).unwrap()
}

fn exchange(path: &Path) -> Exchange {
    let json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (request, response) = (&json["request"], &json["response"]);
    let target = request["path"].as_str().unwrap();
    let (path_only, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| request["headers"][name].as_str().unwrap_or_default().to_owned();
    Exchange {
        file: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        method: request["method"].as_str().unwrap().to_owned(),
        path: path_only.to_owned(),
        query: query.to_owned(),
        content_type: header("content-type"),
        gzip: header("content-encoding") == "gzip",
        request: Body::from_json(&request["body"]),
        status: response["status"].as_u64().unwrap(),
        response: Body::from_json(&response["body"]),
    }
}

/// Fails unless both say the same; `4` and `4.0` do, integers are compared exactly.
#[track_caller]
pub(crate) fn assert_same(ours: &Value, theirs: &Value, what: &str) {
    assert!(same(ours, theirs), "{what}:\n  ours   {ours}\n  theirs {theirs}");
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() != b.is_f64() && a.as_f64() == b.as_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
