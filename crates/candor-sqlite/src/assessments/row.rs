//! An assessment as a row.

use std::collections::BTreeMap;

use candor_model::{
    Assessment, AssessmentBody, AssessmentId, AssessmentName, Feedback, FeedbackError, FiniteF64, Source, SourceId,
    TraceId, Value, keys,
};
use candor_store::{BoxError, Result};
use rusqlite::{Connection, Row, named_params, params};

use crate::convert::{assessment_id, kind_code, source_code, source_type, span_id, span_number, time, trace_id};
use crate::error::{During, corrupt};
use crate::rollups;
use crate::statements::Statements;
use crate::targets::Candidate;

/// The length of `assessments.value_head`, in characters.
pub(crate) const HEAD: usize = 100;

/// Writes a new row.
pub(crate) fn insert(connection: &Connection, trace: &Candidate, new: &Assessment) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO assessments (
            pk, assessment_id, trace_pk, experiment_id, trace_ms, session, for_session, kind, name, span_id, source_type,
            source_id, create_ms, update_ms, overrides, retraction, valid, counted, value_type, value_int, value_num, value_json,
            value_head, value_text, error_code, error_message, error_stack, issue_name, rationale, metadata)
        VALUES (
            (SELECT max(ifnull((SELECT max(pk) FROM assessments), 0), pk) + 1 FROM last_deleted_assessment),
            ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let body = Body::of(&new.body);
    let for_session = new.metadata.contains_key(keys::SESSION);
    let values = params![
        new.id.as_bytes(),
        trace.pk,
        trace.experiment_id,
        trace.request_ms,
        trace.candidate.session.as_deref().filter(|_| for_session),
        for_session,
        kind_code(new.body.kind()),
        new.name.as_str(),
        new.span_id.map(span_number),
        source_code(new.source.source_type),
        new.source.source_id.as_ref().map(SourceId::as_str),
        new.create_time.as_millis(),
        new.last_update_time.as_millis(),
        new.overrides.as_ref().map(AssessmentId::as_bytes),
        new.is_retraction(),
        new.valid,
        body.counted,
        body.value_type,
        body.value_int,
        body.value_num,
        body.value_json,
        body.value_json.as_deref().map(head),
        body.value_text,
        body.error.map(|error| error.code.as_str()),
        body.error.and_then(|error| error.message.as_deref()),
        body.error.and_then(|error| error.stack_trace.as_deref()),
        body.issue_name,
        new.rationale,
        metadata_text(&new.metadata),
    ];
    connection.run(INSERT, values).during("log an assessment")?;
    rollups::count_feedback(connection, connection.last_insert_rowid(), trace, new.source.source_type)
}

/// Writes what an update may change; `valid` is left to the caller.
pub(crate) fn replace(connection: &Connection, trace: &Candidate, changed: &Assessment) -> Result<()> {
    const UPDATE: &str = "
        UPDATE assessments SET
            name = :name, update_ms = :update_ms, session = :session, for_session = :for_session,
            retraction = :retraction, counted = :counted, value_type = :value_type, value_int = :value_int, value_num = :value_num,
            value_json = :value_json, value_head = :value_head, value_text = :value_text, error_code = :error_code,
            error_message = :error_message, error_stack = :error_stack, rationale = :rationale, metadata = :metadata
        WHERE assessment_id = :assessment_id";
    let body = Body::of(&changed.body);
    let for_session = changed.metadata.contains_key(keys::SESSION);
    let values = named_params! {
        ":assessment_id": changed.id.as_bytes(),
        ":name": changed.name.as_str(),
        ":update_ms": changed.last_update_time.as_millis(),
        ":session": trace.candidate.session.as_deref().filter(|_| for_session),
        ":for_session": for_session,
        ":retraction": changed.is_retraction(),
        ":counted": body.counted,
        ":value_type": body.value_type,
        ":value_int": body.value_int,
        ":value_num": body.value_num,
        ":value_json": body.value_json,
        ":value_head": body.value_json.as_deref().map(head),
        ":value_text": body.value_text,
        ":error_code": body.error.map(|error| error.code.as_str()),
        ":error_message": body.error.and_then(|error| error.message.as_deref()),
        ":error_stack": body.error.and_then(|error| error.stack_trace.as_deref()),
        ":rationale": changed.rationale,
        ":metadata": metadata_text(&changed.metadata),
    };
    connection.run(UPDATE, values).during("update an assessment").map(drop)
}

macro_rules! columns {
    () => {
        "a.assessment_id, a.kind, a.name, a.span_id, a.source_type, a.source_id, a.create_ms, a.update_ms, \
         a.overrides, a.valid, a.value_type, a.value_int, a.value_num, a.value_json, a.value_text, a.error_code, \
         a.error_message, a.error_stack, a.issue_name, a.rationale, a.metadata"
    };
}

pub(crate) use columns;

/// The assessment of that id, on whatever trace.
pub(crate) fn find(connection: &Connection, id: AssessmentId) -> Result<Option<Assessment>> {
    const SELECT: &str = concat!(
        "SELECT t.trace_id, ",
        columns!(),
        " FROM assessments AS a JOIN traces AS t ON t.pk = a.trace_pk WHERE a.assessment_id = ?"
    );
    let found = connection
        .first(SELECT, [id.as_bytes()], |row| Ok(read(row, trace_id(row.get(0)?), 1)))
        .during("read an assessment")?;
    found.transpose()
}

/// The trace of the assessment of that id.
pub(crate) fn trace_of(connection: &Connection, id: AssessmentId) -> Result<Option<i64>> {
    const SELECT: &str = "SELECT trace_pk FROM assessments WHERE assessment_id = ?";
    connection.first(SELECT, [id.as_bytes()], |row| row.get(0)).during("look an assessment up")
}

/// The assessments of the traces of a JSON array, in its order, those of a trace as they came.
pub(crate) const OF_TRACES: &str = concat!(
    "SELECT a.trace_pk, ",
    columns!(),
    " FROM json_each(?1) AS wanted CROSS JOIN assessments AS a ON a.trace_pk = wanted.value",
    " ORDER BY wanted.key, a.create_ms, a.pk"
);

/// Reads the columns of `columns!`, of which the first is number `at`.
pub(crate) fn read(row: &Row<'_>, trace: TraceId, at: usize) -> Result<Assessment> {
    const OPERATION: &str = "read an assessment";
    let id = assessment_id(row.get(at).during(OPERATION)?);
    try_read(row, id, trace, at).map_err(|error| match error.downcast::<rusqlite::Error>() {
        Ok(driver) => crate::error::from_driver(OPERATION, *driver),
        Err(broken) => corrupt(format!("assessment {id}"), broken),
    })
}

fn try_read(row: &Row<'_>, id: AssessmentId, trace_id: TraceId, at: usize) -> Result<Assessment, BoxError> {
    let source_code: i64 = row.get(at + 4)?;
    let source = Source {
        source_type: source_type(source_code).ok_or_else(|| format!("no source type has the code {source_code}"))?,
        source_id: row.get::<_, Option<String>>(at + 5)?.map(SourceId::new).transpose()?,
    };
    let metadata = match row.get_ref(at + 20)?.as_str_or_null()? {
        Some(text) => serde_json::from_str(text)?,
        None => BTreeMap::new(),
    };
    Ok(Assessment {
        id,
        trace_id,
        span_id: row.get::<_, Option<i64>>(at + 3)?.map(span_id),
        name: AssessmentName::new(row.get::<_, String>(at + 2)?)?,
        source,
        create_time: time(row.get(at + 6)?),
        last_update_time: time(row.get(at + 7)?),
        body: read_body(row, at)?,
        rationale: row.get(at + 19)?,
        metadata,
        overrides: row.get::<_, Option<[u8; 16]>>(at + 8)?.map(assessment_id),
        valid: row.get(at + 9)?,
    })
}

fn read_body(row: &Row<'_>, at: usize) -> Result<AssessmentBody, BoxError> {
    let kind: i64 = row.get(at + 1)?;
    if kind == 2 {
        return Ok(AssessmentBody::Issue { name: row.get(at + 18)? });
    }
    let value = read_value(row, at)?;
    match kind {
        0 => {
            let error = match row.get::<_, Option<String>>(at + 15)? {
                Some(code) => Some(FeedbackError { code, message: row.get(at + 16)?, stack_trace: row.get(at + 17)? }),
                None => None,
            };
            Ok(AssessmentBody::Feedback(Feedback::new(value, error)))
        }
        1 => Ok(AssessmentBody::Expectation(value)),
        _ => Err(format!("no kind has the code {kind}").into()),
    }
}

fn read_value(row: &Row<'_>, at: usize) -> Result<Value, BoxError> {
    let value_type: i64 = row.get(at + 10)?;
    Ok(match value_type {
        0 => Value::Null,
        1 => Value::Bool(false),
        2 => Value::Bool(true),
        3 => Value::Int(row.get(at + 11)?),
        // The text, since SQLite's own doubles have no -0.0.
        4 => Value::Float(FiniteF64::new(row.get_ref(at + 13)?.as_str()?.parse()?)?),
        5 => Value::Text(row.get(at + 14)?),
        6 | 7 => {
            let json: serde_json::Value = serde_json::from_str(row.get_ref(at + 13)?.as_str()?)?;
            Value::try_from(json)?
        }
        _ => return Err(format!("no type of value has the code {value_type}").into()),
    })
}

/// What the index on values has of a JSON text, which is ASCII.
pub(crate) fn head(json: &str) -> &str {
    json.get(..HEAD).unwrap_or(json)
}

/// The columns of a body.
#[derive(Default)]
struct Body<'a> {
    counted: bool,
    value_type: Option<i64>,
    value_int: Option<i64>,
    value_num: Option<f64>,
    value_json: Option<String>,
    value_text: Option<&'a str>,
    error: Option<&'a FeedbackError>,
    issue_name: Option<&'a str>,
}

impl<'a> Body<'a> {
    fn of(body: &'a AssessmentBody) -> Self {
        match body {
            AssessmentBody::Feedback(feedback) => {
                let counted = feedback.error().is_none() && *feedback.value() != Value::Null;
                Self { counted, error: feedback.error(), ..Self::of_value(feedback.value()) }
            }
            AssessmentBody::Expectation(value) => Self::of_value(value),
            AssessmentBody::Issue { name } => Self { issue_name: Some(name), ..Self::default() },
        }
    }

    fn of_value(value: &'a Value) -> Self {
        let mut body = Self { value_num: value.as_f64(), value_json: Some(value.json_text()), ..Self::default() };
        let value_type = match value {
            Value::Null => 0,
            Value::Bool(false) => 1,
            Value::Bool(true) => 2,
            Value::Int(number) => {
                body.value_int = Some(*number);
                3
            }
            Value::Float(_) => 4,
            Value::Text(text) => {
                body.value_text = Some(text);
                5
            }
            Value::List(_) => 6,
            Value::Map(_) => 7,
        };
        body.value_type = Some(value_type);
        body
    }
}

fn metadata_text(metadata: &BTreeMap<String, String>) -> Option<String> {
    let map = || metadata.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
    (!metadata.is_empty()).then(|| serde_json::Value::Object(map()).to_string())
}
