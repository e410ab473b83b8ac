//! Keys of tags and metadata as the file has them: those that most traces carry are numbers, or rows
//! and index entries would be mostly key.

use candor_model::keys;
use rusqlite::types::Value;
use rusqlite::{Error, Row};

/// Numbered from 1 on, as in the table `known_keys`. To change a number is to lose every file's keys.
const KNOWN: [&str; 25] = [
    keys::ARTIFACT_LOCATION,
    keys::SPANS_LOCATION,
    keys::TRACE_NAME,
    keys::INFO_FINALIZED,
    keys::SIZE_STATS,
    keys::SESSION,
    keys::USER,
    keys::TOKEN_USAGE,
    keys::COST,
    "mlflow.trace.sizeBytes",
    keys::SOURCE_RUN,
    "mlflow.modelId",
    "mlflow.trace_schema.version",
    "mlflow.traceInputs",
    "mlflow.traceOutputs",
    "mlflow.user",
    "mlflow.source.name",
    "mlflow.source.type",
    "mlflow.source.git.commit",
    "mlflow.source.git.branch",
    "mlflow.source.git.repoURL",
    "service.name",
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
];

/// The key as its column has it.
pub(crate) fn stored(key: &str) -> Value {
    match KNOWN.iter().position(|known| *known == key) {
        Some(place) => Value::Integer(place as i64 + 1),
        None => Value::Text(key.to_owned()),
    }
}

/// The key of a column that [`stored`] has filled.
pub(crate) fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    match row.get(column)? {
        Value::Integer(number) => {
            let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            let known = place.and_then(|place| KNOWN.get(place));
            known.map(|key| (*key).to_owned()).ok_or(Error::IntegralValueOutOfRange(column, number))
        }
        Value::Text(key) => Ok(key),
        other => Err(Error::InvalidColumnType(column, "key".to_owned(), other.data_type())),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::schema;

    #[test]
    fn files_and_program_number_the_same_keys() {
        let mut file = Connection::open_in_memory().unwrap();
        crate::functions::register(&file).unwrap();
        schema::MIGRATIONS.to_latest(&mut file).unwrap();
        let mut select = file.prepare("SELECT key FROM known_keys ORDER BY number").unwrap();
        let of_file: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(of_file, KNOWN);
    }

    #[test]
    fn keys_are_read_as_they_were_stored() {
        let file = Connection::open_in_memory().unwrap();
        for key in ["env", "", "7", keys::SESSION, "service.name"] {
            let read = file.query_row("SELECT ?", [stored(key)], |row| read(row, 0));
            assert_eq!(read.unwrap(), key);
        }
        for broken in [Value::Integer(0), Value::Integer(26), Value::Integer(-1), Value::Null, Value::Real(1.0)] {
            assert!(file.query_row("SELECT ?", [&broken], |row| read(row, 0)).is_err(), "{broken:?}");
        }
    }
}
