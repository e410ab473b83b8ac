use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::WireError;
use crate::error::explain;

/// Reads a query string, e.g. `trace_ids=tr-1&trace_ids=tr-2`, as the same request in a body.
///
/// A repeated field is a list; commas do not split.
///
/// ```
/// use candor_wire::requests::GetTrace;
/// let request: GetTrace = candor_wire::decode_query("trace_id=tr-1&allow_partial=True")?;
/// assert!(request.allow_partial);
/// # Ok::<(), candor_wire::WireError>(())
/// ```
///
/// # Errors
/// [`WireError`] names the field and what is wrong with it.
pub fn decode_query<T: DeserializeOwned>(query: &str) -> Result<T, WireError> {
    let mut fields = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = Value::String(unescape(value));
        match fields.entry(unescape(key)) {
            serde_json::map::Entry::Vacant(entry) => drop(entry.insert(value)),
            serde_json::map::Entry::Occupied(entry) => match entry.into_mut() {
                Value::Array(list) => list.push(value),
                single => *single = Value::Array(vec![single.take(), value]),
            },
        }
    }
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| explain(&error, b""))
}

fn unescape(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{BatchGetTraces, ExperimentByName, GetTrace, SearchExperiments};

    #[test]
    fn fields_are_unescaped_and_repeated_ones_are_lists() {
        let request: ExperimentByName = decode_query("experiment_name=%2FShared%2Fd%C3%A9mo+1").unwrap();
        assert_eq!(request.experiment_name, "/Shared/démo 1");
        let [one, two] = ["1", "2"].map(|digit| format!("tr-{}", digit.repeat(32)));
        let request: BatchGetTraces = decode_query(&format!("trace_ids={one}&trace_ids=nope&trace_ids={two}")).unwrap();
        assert_eq!(request.trace_ids.iter().map(ToString::to_string).collect::<Vec<_>>(), [one.clone(), two]);
        assert_eq!(decode_query::<BatchGetTraces>(&format!("trace_ids={one}")).unwrap().trace_ids.len(), 1);
        let request: SearchExperiments = decode_query("max_results=5&order_by=name&view_type=ALL").unwrap();
        assert_eq!((request.max_results, request.order_by), (5, vec!["name".to_owned()]));
    }

    #[test]
    fn malformed_and_missing_fields_have_the_texts_of_mlflow() {
        let error = |query| decode_query::<GetTrace>(query).unwrap_err().to_string();
        assert_eq!(
            error("trace_id=x&allow_partial=banana"),
            "Invalid boolean value: banana, must be 'true' or 'false'."
        );
        assert!(error("").starts_with("Missing value for required parameter 'trace_id'."));
        assert!(error("trace_id=").starts_with("Missing value for required parameter 'trace_id'."));
        assert!(error("trace_id=a&trace_id=b").starts_with("Invalid value for 'trace_id': invalid type: sequence"));
    }
}
