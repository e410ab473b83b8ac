//! What new verdicts must know, which is little: not who else has judged their traces.

use std::collections::{BTreeSet, HashMap};

use candor_model::{AssessmentId, SourceId, SourceType, TraceId, TraceInfo};
use candor_store::{PendingFeedback, Result};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::read::outline;
use crate::convert::{assessment_uuid, source_code, trace_id, trace_uuid, trace_uuids};
use crate::error::During;
use crate::pending;
use crate::rollups::SourceBits;
use crate::text::kept;

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Question {
    pub(crate) traces: Vec<TraceId>,
    /// Who may have judged which trace before.
    pub(crate) pairs: BTreeSet<(TraceId, SourceId)>,
    /// What new verdicts come from.
    pub(crate) source_types: BTreeSet<SourceType>,
    /// Ids that assessments, or verdicts on hold, may have.
    pub(crate) assessments: BTreeSet<AssessmentId>,
    /// Where to look for the traces: each partition costs.
    pub(crate) months: (i32, i32),
}

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Traces without their assessments, with the source types of feedback that counts. These may lack
    /// some when all that were asked for are among them.
    pub(crate) traces: HashMap<TraceId, (TraceInfo, SourceBits)>,
    /// Traces with assessments of those pairs or ids, or that override such an id, which may be others
    /// than were asked for.
    pub(crate) concerned: BTreeSet<TraceId>,
    /// Verdicts on hold of those ids, by their numbers.
    pub(crate) held: Vec<(i64, PendingFeedback)>,
}

/// One statement, since each is a journey. The months of assessments are given twice: by those of their
/// traces partitions are left out that would be read, by those that are asked for also such as would be
/// opened. In its rows stand a trace; only the id of one that has an assessment of one of the ids, or one
/// that overrides it and came first; or a verdict on hold.
const SELECT: &str = "
    SELECT t.trace_id, t.experiment_id, t.client_request_id, t.request_ms, t.session,
        CASE WHEN (SELECT bool_and(EXISTS (
            SELECT 1 FROM assessments AS a WHERE a.trace_id = t.trace_id AND a.month = t.month
                AND a.month BETWEEN $6 AND $7 AND a.valid AND a.class IS NOT NULL
                AND a.source_type = wanted)) FROM unnest($4::smallint[]) AS wanted)
        THEN (SELECT bit_or(1 << wanted) FROM unnest($4::smallint[]) AS wanted)
        ELSE coalesce((
            SELECT bit_or(1 << a.source_type) FROM assessments AS a
            WHERE a.trace_id = t.trace_id AND a.month = t.month AND a.month BETWEEN $6 AND $7 AND a.valid
                AND a.class IS NOT NULL), 0)
        END::smallint,
        EXISTS (
            SELECT 1 FROM unnest($2::uuid[], $3::text[]) AS pair (trace_id, source_id) JOIN assessments AS a
            ON a.trace_id = pair.trace_id AND a.month = t.month AND a.month BETWEEN $6 AND $7
                AND a.source_id = pair.source_id COLLATE \"C\"
            WHERE pair.trace_id = t.trace_id),
        NULL::bigint, NULL::uuid, NULL::bigint, NULL::text
    FROM traces AS t WHERE t.trace_id = ANY($1) AND t.month BETWEEN $6 AND $7
    UNION ALL
    SELECT trace_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM assessments WHERE assessment_id = ANY($5)
    UNION ALL
    SELECT trace_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM assessments WHERE overrides = ANY($5)
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, number, assessment_id, received_ms, item
    FROM pending_feedback WHERE assessment_id = ANY($5)";

pub(crate) async fn known(connection: &mut PgConnection, question: &Question) -> Result<Known> {
    const OPERATION: &str = "read judged traces";
    let pairs = || question.pairs.iter();
    let select = sqlx::query(SELECT)
        .bind(trace_uuids(&question.traces))
        .bind(pairs().map(|(trace, _)| trace_uuid(*trace)).collect::<Vec<_>>())
        .bind(pairs().map(|(_, source)| kept(source.as_str()).into_owned()).collect::<Vec<_>>())
        .bind(question.source_types.iter().copied().map(source_code).collect::<Vec<_>>())
        .bind(question.assessments.iter().copied().map(assessment_uuid).collect::<Vec<_>>())
        .bind(question.months.0)
        .bind(question.months.1);
    let mut known = Known::default();
    for row in select.fetch_all(connection).await.during(OPERATION)? {
        let Some(trace) = row.try_get::<Option<Uuid>, _>(0).during(OPERATION)?.map(trace_id) else {
            known.held.push(pending::read(&row, 7)?);
            continue;
        };
        if row.try_get::<Option<bool>, _>(6).during(OPERATION)?.unwrap_or(true) {
            known.concerned.insert(trace);
        }
        if let Some(judged_by) = row.try_get(5).during(OPERATION)? {
            known.traces.insert(trace, (outline(&row)?, judged_by));
        }
    }
    Ok(known)
}
