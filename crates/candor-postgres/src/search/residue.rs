//! What is left of a filter when SQL has said what it can.

use std::collections::{HashMap, HashSet};

use candor_filter::{Candidate, Clause, SpanView, TraceFilter};
use candor_model::{Assessment, ExperimentId, Span, TraceId, TraceInfo};
use candor_store::Result;
use sqlx::{PgConnection, Row};

use super::{Found, clauses};
use crate::assessments;
use crate::convert::{experiment_numbers, trace_id, trace_uuids};
use crate::error::During;
use crate::text::{self, kept};
use crate::traces::{read, spans};

/// The clauses that the evaluator must check.
pub(super) struct Residue(TraceFilter);

impl Residue {
    /// `None` when the conditions in SQL are exact.
    pub(super) fn of(filter: &TraceFilter) -> Option<Self> {
        let is_coarse = |clause: &Clause| clauses::condition(clause, &[]).is_some_and(|condition| !condition.exact);
        let coarse_spans = clauses::spans(filter).is_some_and(|condition| !condition.exact);
        if !coarse_spans && !filter.clauses.iter().any(is_coarse) {
            return None;
        }
        // Which spans are looked at depends on the times that are asked for.
        let is_left = |clause: &&Clause| match clause {
            Clause::Span(_) => coarse_spans,
            Clause::Number { .. } => true,
            other => is_coarse(other),
        };
        Some(Self(TraceFilter { clauses: filter.clauses.iter().filter(is_left).cloned().collect() }))
    }

    /// The candidates that fit.
    pub(super) async fn fitting(
        &self,
        connection: &mut PgConnection,
        candidates: &[Found],
        experiments: &[ExperimentId],
    ) -> Result<HashSet<TraceId>> {
        let ids: Vec<TraceId> = candidates.iter().map(|found| found.id).collect();
        let infos = read::whole(connection, &ids).await?;
        let spans = match self.0.needs_spans() {
            true => spans::of_traces(connection, &trace_uuids(&ids), &read::months(infos.values())).await?,
            false => HashMap::new(),
        };
        let said = match self.0.needs_assessments() {
            true => said_of_sessions(connection, infos.values(), experiments).await?,
            false => HashMap::new(),
        };
        let fits = |info: &&TraceInfo| {
            let spans: &[Span] = spans.get(&info.trace_id).map_or(&[], Vec::as_slice);
            let spans: Vec<SpanView<'_>> = spans.iter().map(SpanView::new).collect();
            let said: &[Assessment] = info.session().and_then(|session| said.get(session)).map_or(&[], Vec::as_slice);
            let said: Vec<&Assessment> = said.iter().filter(|other| other.trace_id != info.trace_id).collect();
            self.0.matches(&Candidate { spans: &spans, session_assessments: &said, ..Candidate::new(info) })
        };
        Ok(infos.values().filter(fits).map(|info| info.trace_id).collect())
    }
}

/// The assessments that speak for the sessions of traces, by session.
async fn said_of_sessions(
    connection: &mut PgConnection,
    infos: impl Iterator<Item = &TraceInfo>,
    experiments: &[ExperimentId],
) -> Result<HashMap<String, Vec<Assessment>>> {
    const OPERATION: &str = "read assessments of sessions";
    const SELECT: &str = concat!(
        "SELECT a.session, a.trace_id, ",
        assessments::columns!(),
        " FROM assessments AS a WHERE a.session = ANY($1) AND a.experiment_id = ANY($2) AND a.valid"
    );
    let sessions: HashSet<String> =
        infos.filter_map(TraceInfo::session).map(|session| kept(session).into_owned()).collect();
    let sessions: Vec<String> = sessions.into_iter().collect();
    let select = sqlx::query(SELECT).bind(sessions).bind(experiment_numbers(experiments));
    let mut said: HashMap<String, Vec<Assessment>> = HashMap::new();
    for row in select.fetch_all(connection).await.during(OPERATION)? {
        let session = text::read(row.try_get(0).during(OPERATION)?);
        let trace = trace_id(row.try_get(1).during(OPERATION)?);
        said.entry(session).or_default().push(assessments::read(&row, trace, 2)?);
    }
    Ok(said)
}
