//! What reports count, by hour: kept by what a batch changes, in its own transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use candor_model::{Assessment, AssessmentBody, TraceInfo, Value};
use candor_store::{MAX_VALUE_TEXT, Result, counted_value};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};

use crate::convert::{hour, source_code};
use crate::error::During;
use crate::text::kept;

/// What feedback is counted as: a class, and what tells values of the class apart. `None` for what
/// does not count, were it valid.
///
/// Classes: 0 all long texts and lists and all maps, 1 `false`, 2 `true`, 4 a number, 5 a text, 6 a
/// list. The values of 4 are decimal, those of 5 and 6 JSON; the others have none.
pub(crate) fn counted(body: &AssessmentBody) -> Option<(i16, String)> {
    let AssessmentBody::Feedback(feedback) = body else { return None };
    let value = feedback.value();
    if feedback.error().is_some() || *value == Value::Null {
        return None;
    }
    Some(match counted_value(value) {
        Some(Value::Bool(thumb)) => (if thumb { 2 } else { 1 }, String::new()),
        Some(Value::Float(number)) => (4, number.get().to_string()),
        Some(text @ Value::Text(_)) => (5, text.json_text()),
        Some(list @ Value::List(_)) => (6, list.json_text()),
        _ => (0, String::new()),
    })
}

/// Experiment, hour, name, source type, class and value.
type FeedbackKey = (i64, i64, String, i16, i16, String);
/// Experiment, hour, and the source types of feedback that counts.
type TraceKey = (i64, i64, SourceBits);

/// The source types of feedback, one bit each.
pub(crate) type SourceBits = i16;

/// The parts of a `WITH` that write changes of counts, with the parameters from `$1` to `$11`.
///
/// Traces are counted after feedback, in whatever order the server would have it: all transactions
/// lock the rows in that order.
macro_rules! write_counts {
    () => {
        "counted_feedback AS (
            INSERT INTO feedback_hours AS h
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::smallint[], $5::smallint[], $6::text[],
                $7::bigint[])
            ON CONFLICT (experiment_id, hour, name, source_type, class, value)
            DO UPDATE SET verdicts = h.verdicts + excluded.verdicts RETURNING 1),
        counted_traces AS (
            INSERT INTO trace_hours AS h
            SELECT * FROM unnest($8::bigint[], $9::bigint[], $10::smallint[], $11::bigint[])
            WHERE (SELECT count(*) FROM counted_feedback) >= 0
            ON CONFLICT (experiment_id, hour, judged_by) DO UPDATE SET traces = h.traces + excluded.traces)"
    };
}
pub(crate) use write_counts;

/// By how much counts change; those that stay as they are do not stand here.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    feedback: BTreeMap<FeedbackKey, i64>,
    traces: BTreeMap<TraceKey, i64>,
}

impl Changes {
    /// A trace was `before` and is `after`; feedback that stands in neither, and counts before and
    /// after, is of the source types `others`.
    pub(crate) fn of(&mut self, before: Option<&TraceInfo>, after: Option<&TraceInfo>, others: SourceBits) {
        before.into_iter().for_each(|info| self.add(info, others, -1));
        after.into_iter().for_each(|info| self.add(info, others, 1));
    }

    fn add(&mut self, info: &TraceInfo, others: SourceBits, by: i64) {
        let (experiment, hour) = (info.experiment_id.get(), hour(info.request_time));
        let mut judged_by = others;
        for assessment in info.assessments.iter().filter(|assessment| assessment.valid) {
            let Assessment { name, source, body, .. } = assessment;
            if let Some((class, value)) = counted(body) {
                let source = source_code(source.source_type);
                judged_by |= 1 << source;
                let key = (experiment, hour, kept(name.as_str()).into_owned(), source, class, value);
                change(&mut self.feedback, key, by);
            }
        }
        change(&mut self.traces, (experiment, hour, judged_by), by);
    }

    /// Writes them, in an order that all transactions follow, so that none waits for another in a circle.
    pub(crate) async fn write(self, connection: &mut PgConnection) -> Result<()> {
        const WRITE: &str = concat!("WITH ", write_counts!(), " SELECT");
        match self.feedback.is_empty() && self.traces.is_empty() {
            true => Ok(()),
            false => self.bind(sqlx::query(WRITE)).execute(connection).await.during("count feedback").map(drop),
        }
    }

    /// Binds the parameters of [`write_counts!`].
    pub(crate) fn bind(self, query: Query<'static, Postgres, PgArguments>) -> Query<'static, Postgres, PgArguments> {
        let feedback = || self.feedback.keys();
        let traces = || self.traces.keys();
        query
            .bind(feedback().map(|key| key.0).collect::<Vec<_>>())
            .bind(feedback().map(|key| key.1).collect::<Vec<_>>())
            .bind(feedback().map(|key| key.2.clone()).collect::<Vec<_>>())
            .bind(feedback().map(|key| key.3).collect::<Vec<_>>())
            .bind(feedback().map(|key| key.4).collect::<Vec<_>>())
            .bind(feedback().map(|key| key.5.clone()).collect::<Vec<_>>())
            .bind(self.feedback.values().copied().collect::<Vec<_>>())
            .bind(traces().map(|key| key.0).collect::<Vec<_>>())
            .bind(traces().map(|key| key.1).collect::<Vec<_>>())
            .bind(traces().map(|key| key.2).collect::<Vec<_>>())
            .bind(self.traces.values().copied().collect::<Vec<_>>())
    }
}

fn change<K: Ord>(counts: &mut BTreeMap<K, i64>, key: K, by: i64) {
    match counts.entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(by)),
        Entry::Occupied(entry) if *entry.get() + by == 0 => drop(entry.remove()),
        Entry::Occupied(mut entry) => *entry.get_mut() += by,
    }
}

/// Rows on one side only: what is kept, and what a recount of the rows yields.
const DIFFERENCES: [&str; 2] = [
    "WITH truth AS (
        SELECT experiment_id, div(trace_ms - (CASE WHEN trace_ms < 0 THEN 3599999 ELSE 0 END), 3600000)::bigint AS hour,
            name, source_type, class, value, count(*) AS verdicts
        FROM assessments WHERE valid AND class IS NOT NULL
        GROUP BY experiment_id, hour, name, source_type, class, value),
    known AS (SELECT * FROM feedback_hours WHERE verdicts <> 0)
    SELECT count(*) FROM ((TABLE truth EXCEPT TABLE known) UNION ALL (TABLE known EXCEPT TABLE truth)) AS differing",
    "WITH judged AS (
        SELECT trace_id, bit_or(1 << source_type)::smallint AS judged_by FROM assessments
        WHERE valid AND class IS NOT NULL GROUP BY trace_id),
    truth AS (
        SELECT experiment_id,
            div(request_ms - (CASE WHEN request_ms < 0 THEN 3599999 ELSE 0 END), 3600000)::bigint AS hour,
            coalesce(judged_by, 0::smallint) AS judged_by, count(*) AS traces
        FROM traces LEFT JOIN judged USING (trace_id) GROUP BY 1, 2, 3),
    known AS (SELECT * FROM trace_hours WHERE traces <> 0)
    SELECT count(*) FROM ((TABLE truth EXCEPT TABLE known) UNION ALL (TABLE known EXCEPT TABLE truth)) AS differing",
];

/// The number of rows that differ from a recount; reads everything.
pub(crate) async fn differences(connection: &mut PgConnection) -> Result<u64> {
    let mut sum = 0;
    for sql in DIFFERENCES {
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.during("recount feedback")?;
        sum += count.cast_unsigned();
    }
    Ok(sum)
}

const _: () = assert!(MAX_VALUE_TEXT <= 100, "the index on feedback_hours holds values of any length that is counted");
