//! An assessment as a row.

use std::collections::{BTreeMap, HashMap};

use candor_model::{Assessment, AssessmentName, Source, SourceId, TraceId, Value, keys};
use candor_store::{BoxError, Result, body_from_text, body_text};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Row};
use uuid::Uuid;

use crate::arrivals::CHANNEL;
use crate::convert::{
    assessment_id, assessment_uuid, kind_code, map_from_json, map_json, source_code, source_type, span_id, span_number,
    time, trace_id,
};
use crate::error::{During, corrupt, from_driver};
use crate::rollups::{Changes, counted, write_counts};
use crate::text::{self, kept};
use crate::traces::Place;

macro_rules! columns {
    () => {
        "a.assessment_id, a.name, a.span_id, a.source_type, a.source_id, a.create_ms, a.update_ms, a.overrides, \
         a.valid, a.rationale, a.metadata::text, a.body"
    };
}
pub(crate) use columns;

const BY_TRACE: &str = concat!(
    "SELECT a.trace_id, ",
    columns!(),
    " FROM assessments AS a WHERE a.trace_id = ANY($1) AND a.month = ANY($2)",
    " ORDER BY a.trace_id, a.create_ms, a.number"
);

/// The assessments of traces, by trace, each trace's in their order.
pub(crate) async fn of_traces(
    connection: &mut PgConnection,
    traces: &[Uuid],
    months: &[i32],
) -> Result<HashMap<TraceId, Vec<Assessment>>> {
    const OPERATION: &str = "read assessments";
    let mut found: HashMap<TraceId, Vec<Assessment>> = HashMap::new();
    if traces.is_empty() {
        return Ok(found);
    }
    let rows = sqlx::query(BY_TRACE).bind(traces).bind(months).fetch_all(connection).await.during(OPERATION)?;
    for row in rows {
        let trace = trace_id(row.try_get(0).during(OPERATION)?);
        found.entry(trace).or_default().push(read(&row, trace, 1)?);
    }
    Ok(found)
}

/// An assessment from [`columns!`], which begin at a place in the row.
pub(crate) fn read(row: &PgRow, trace: TraceId, at: usize) -> Result<Assessment> {
    const OPERATION: &str = "read an assessment";
    let id = assessment_id(row.try_get(at).during(OPERATION)?);
    try_read(row, id, trace, at).map_err(|error| match error.downcast::<sqlx::Error>() {
        Ok(driver) => from_driver(OPERATION, *driver),
        Err(broken) => corrupt(format!("assessment {id}"), broken),
    })
}

fn try_read(row: &PgRow, id: candor_model::AssessmentId, trace_id: TraceId, at: usize) -> Result<Assessment, BoxError> {
    let source_code: i16 = row.try_get(at + 3)?;
    let source_id: Option<String> = row.try_get(at + 4)?;
    let metadata: Option<String> = row.try_get(at + 10)?;
    let body: String = row.try_get(at + 11)?;
    Ok(Assessment {
        id,
        trace_id,
        name: AssessmentName::new(text::read(row.try_get(at + 1)?))?,
        span_id: row.try_get::<Option<i64>, _>(at + 2)?.map(span_id),
        source: Source {
            source_type: source_type(source_code)
                .ok_or_else(|| format!("no source type has the code {source_code}"))?,
            source_id: source_id.map(|id| SourceId::new(text::read(id))).transpose()?,
        },
        create_time: time(row.try_get(at + 5)?),
        last_update_time: time(row.try_get(at + 6)?),
        overrides: row.try_get::<Option<Uuid>, _>(at + 7)?.map(assessment_id),
        valid: row.try_get(at + 8)?,
        rationale: row.try_get::<Option<String>, _>(at + 9)?.map(text::read),
        metadata: metadata.map_or(Ok(BTreeMap::new()), |json| map_from_json(&json))?,
        body: body_from_text(&body)?,
    })
}

/// Rows to be written, one value of each per column.
#[derive(Default)]
pub(crate) struct Rows {
    ids: Vec<Uuid>,
    traces: Vec<Uuid>,
    months: Vec<i32>,
    experiments: Vec<i64>,
    trace_times: Vec<i64>,
    sessions: Vec<Option<String>>,
    kinds: Vec<i16>,
    names: Vec<String>,
    spans: Vec<Option<i64>>,
    source_types: Vec<i16>,
    source_ids: Vec<Option<String>>,
    create_times: Vec<i64>,
    update_times: Vec<i64>,
    overrides: Vec<Option<Uuid>>,
    valid: Vec<bool>,
    classes: Vec<Option<i16>>,
    values: Vec<Option<String>>,
    numbers: Vec<Option<f64>>,
    json: Vec<Option<String>>,
    rationales: Vec<Option<String>>,
    metadata: Vec<Option<String>>,
    bodies: Vec<String>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn push(&mut self, place: &Place, assessment: &Assessment) {
        let value = assessment.body.value();
        let (class, counted_value) = counted(&assessment.body).unzip();
        let for_session = assessment.metadata.contains_key(keys::SESSION);
        self.ids.push(assessment_uuid(assessment.id));
        self.traces.push(place.trace);
        self.months.push(place.month);
        self.experiments.push(place.experiment);
        self.trace_times.push(place.request_ms);
        self.sessions.push(place.session.clone().filter(|_| for_session));
        self.kinds.push(kind_code(assessment.body.kind()));
        self.names.push(kept(assessment.name.as_str()).into_owned());
        self.spans.push(assessment.span_id.map(span_number));
        self.source_types.push(source_code(assessment.source.source_type));
        self.source_ids.push(assessment.source.source_id.as_ref().map(|id| kept(id.as_str()).into_owned()));
        self.create_times.push(assessment.create_time.as_millis());
        self.update_times.push(assessment.last_update_time.as_millis());
        self.overrides.push(assessment.overrides.map(assessment_uuid));
        self.valid.push(assessment.valid);
        self.classes.push(class);
        self.values.push(counted_value);
        self.numbers.push(value.and_then(Value::as_f64));
        self.json.push(value.map(Value::json_text));
        self.rationales.push(assessment.rationale.as_deref().map(|text| kept(text).into_owned()));
        self.metadata.push((!assessment.metadata.is_empty()).then(|| map_json(&assessment.metadata)));
        self.bodies.push(body_text(&assessment.body));
    }

    /// Writes new rows, numbers them in their order, changes the counts, and tells of them once they are
    /// committed.
    pub(crate) async fn insert(
        self,
        connection: &mut PgConnection,
        changes: Changes,
        has_feedback: bool,
    ) -> Result<(), sqlx::Error> {
        const INSERT: &str = concat!(
            "WITH numbered AS (UPDATE last_assessment SET number = number + $12 RETURNING number),
            written AS (
                INSERT INTO assessments (number, assessment_id, trace_id, month, experiment_id, trace_ms, session, kind,
                    name, span_id, source_type, source_id, create_ms, update_ms, overrides, valid, class, value,
                    value_num, value_json, rationale, metadata, body)
                SELECT numbered.number - $12 + n.place, n.assessment_id, n.trace_id, n.month, n.experiment_id,
                    n.trace_ms, n.session, n.kind, n.name, n.span_id, n.source_type, n.source_id, n.create_ms,
                    n.update_ms, n.overrides, n.valid, n.class, n.value, n.value_num, n.value_json, n.rationale,
                    n.metadata::jsonb, n.body
                FROM numbered, unnest($13::uuid[], $14::uuid[], $15::integer[], $16::bigint[], $17::bigint[],
                    $18::text[], $19::smallint[], $20::text[], $21::bigint[], $22::smallint[], $23::text[],
                    $24::bigint[], $25::bigint[], $26::uuid[], $27::boolean[], $28::smallint[], $29::text[],
                    $30::float8[], $31::text[], $32::text[], $33::text[], $34::text[])
                WITH ORDINALITY AS n (assessment_id, trace_id, month, experiment_id, trace_ms, session, kind, name,
                    span_id, source_type, source_id, create_ms, update_ms, overrides, valid, class, value, value_num,
                    value_json, rationale, metadata, body, place)), ",
            write_counts!(),
            " SELECT pg_notify($35, number::text) FROM numbered WHERE $36"
        );
        let count = self.len() as i64;
        let insert = self.bind(changes.bind(sqlx::query(INSERT)).bind(count));
        insert.bind(CHANNEL).bind(has_feedback).execute(connection).await.map(drop)
    }

    /// Writes rows anew; they keep their numbers.
    pub(crate) async fn update(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const UPDATE: &str = "
            UPDATE assessments AS a SET session = n.session, name = n.name, update_ms = n.update_ms, valid = n.valid,
                class = n.class, value = n.value, value_num = n.value_num, value_json = n.value_json,
                rationale = n.rationale, metadata = n.metadata::jsonb, body = n.body
            FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::bigint[], $6::bigint[], $7::text[], $8::smallint[],
                $9::text[], $10::bigint[], $11::smallint[], $12::text[], $13::bigint[], $14::bigint[], $15::uuid[],
                $16::boolean[], $17::smallint[], $18::text[], $19::float8[], $20::text[], $21::text[], $22::text[],
                $23::text[])
            AS n (assessment_id, trace_id, month, experiment_id, trace_ms, session, kind, name, span_id, source_type,
                source_id, create_ms, update_ms, overrides, valid, class, value, value_num, value_json, rationale,
                metadata, body)
            WHERE a.assessment_id = n.assessment_id AND a.month = n.month AND $1 = 0";
        self.bind(sqlx::query(UPDATE).bind(0_i64)).execute(connection).await.map(drop)
    }

    fn bind(self, query: Query<'static, Postgres, PgArguments>) -> Query<'static, Postgres, PgArguments> {
        query
            .bind(self.ids)
            .bind(self.traces)
            .bind(self.months)
            .bind(self.experiments)
            .bind(self.trace_times)
            .bind(self.sessions)
            .bind(self.kinds)
            .bind(self.names)
            .bind(self.spans)
            .bind(self.source_types)
            .bind(self.source_ids)
            .bind(self.create_times)
            .bind(self.update_times)
            .bind(self.overrides)
            .bind(self.valid)
            .bind(self.classes)
            .bind(self.values)
            .bind(self.numbers)
            .bind(self.json)
            .bind(self.rationales)
            .bind(self.metadata)
            .bind(self.bodies)
    }
}
