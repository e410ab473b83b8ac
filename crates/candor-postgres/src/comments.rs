//! What people say: walked from the latest comment on, until a page is full.

use candor_model::{Assessment, AssessmentId, AssessmentName};
use candor_store::{CommentQuery, Page, Result, TimeAxis};
use futures_util::TryStreamExt;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::assessments;
use crate::convert::{assessment_uuid, experiment_numbers, source_code, trace_id};
use crate::error::During;
use crate::stats::first_and_last;
use crate::text::kept;

macro_rules! comments {
    ($time:literal) => {
        concat!(
            "SELECT a.trace_id, ",
            assessments::columns!(),
            " FROM assessments AS a WHERE a.rationale IS NOT NULL AND a.valid AND a.class IS NOT NULL",
            " AND ($1::bigint[] IS NULL OR a.experiment_id = ANY($1)) AND (a.create_ms < $2 OR a.create_ms = $2",
            " AND ($3::uuid IS NULL OR a.assessment_id < $3)) AND a.",
            $time,
            " >= $4 AND a.",
            $time,
            " <= $5 AND ($6::integer >> a.source_type) & 1 = 1 AND ($7::text IS NULL OR a.name = $7)",
            " AND ($8::smallint IS NULL OR a.class = $8) ORDER BY a.create_ms DESC, a.assessment_id DESC"
        )
    };
}

pub(crate) async fn page(connection: &mut PgConnection, query: &CommentQuery) -> Result<Page<Assessment>> {
    const OPERATION: &str = "look comments up";
    const BY_TRACE_TIME: &str = comments!("trace_ms");
    const BY_TIME: &str = comments!("create_ms");
    let Some((first, last)) = first_and_last(query.stats.range.from, query.stats.range.until) else {
        return query.page(Vec::new());
    };
    let after = query.after()?;
    let before_ms = after.as_ref().map_or(i64::MAX, |(time, _)| time.as_millis());
    // An id that is none stands behind every one.
    let before_id: Option<AssessmentId> = after.and_then(|(_, id)| id.parse().ok());
    let before_id: Option<Uuid> = before_id.map(assessment_uuid);
    let sources = query.stats.source_types.iter().fold(0, |bits, source| bits | 1_i32 << source_code(*source));
    let sql = match query.stats.axis {
        TimeAxis::Trace => BY_TRACE_TIME,
        TimeAxis::Feedback => BY_TIME,
    };
    let select = sqlx::query(sql)
        .bind(query.stats.experiments.as_deref().map(experiment_numbers))
        .bind(before_ms)
        .bind(before_id)
        .bind(first)
        .bind(last)
        .bind(sources)
        .bind(query.name.as_ref().map(|name: &AssessmentName| kept(name.as_str()).into_owned()))
        .bind(query.verdict.map(|positive| if positive { 2_i16 } else { 1 }));
    let mut rows = select.fetch(connection);
    let mut found = Vec::new();
    while found.len() <= query.max_results
        && let Some(row) = rows.try_next().await.during(OPERATION)?
    {
        let verdict = assessments::read(&row, trace_id(row.try_get(0).during(OPERATION)?), 1)?;
        found.extend(Some(verdict).filter(|verdict| query.fits(verdict)));
    }
    query.page(found)
}
