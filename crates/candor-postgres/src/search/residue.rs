//! What is left of a filter when SQL has said what it can.

use std::collections::{HashMap, HashSet};

use candor_filter::{Candidate, Clause, SpanClause, SpanRow, TraceFilter};
use candor_model::{Assessment, ExperimentId, TraceId, TraceInfo};
use candor_store::Result;
use futures_util::TryStreamExt;
use sqlx::{PgConnection, Row};

use super::sql::Sql;
use super::{Found, clauses};
use crate::assessments;
use crate::convert::{experiment_numbers, trace_id};
use crate::error::{During, corrupt};
use crate::text::{self, kept};
use crate::traces::read;

/// The clauses that the evaluator must check.
pub(super) struct Residue {
    of_traces: TraceFilter,
    of_spans: Option<SpanResidue>,
}

/// What is left to check of spans.
struct SpanResidue {
    /// What SQL can say of `spans AS s`.
    condition: Sql,
    clauses: Vec<SpanClause>,
}

impl Residue {
    /// `None` when the conditions in SQL are exact.
    pub(super) fn of(filter: &TraceFilter) -> Option<Self> {
        let is_coarse = |clause: &&Clause| clauses::condition(clause, &[]).is_some_and(|condition| !condition.exact);
        let of_traces = TraceFilter { clauses: filter.clauses.iter().filter(is_coarse).cloned().collect() };
        let of_spans = clauses::span(filter).filter(|condition| !condition.exact).map(|condition| {
            let clauses = filter.clauses.iter().filter_map(|clause| match clause {
                Clause::Span(clause) => Some(clause.clone()),
                _ => None,
            });
            SpanResidue { condition: condition.sql, clauses: clauses.collect() }
        });
        (of_spans.is_some() || !of_traces.clauses.is_empty()).then_some(Self { of_traces, of_spans })
    }

    /// The candidates that fit.
    pub(super) async fn fitting(
        &self,
        connection: &mut PgConnection,
        candidates: &[Found],
        experiments: &[ExperimentId],
    ) -> Result<HashSet<TraceId>> {
        let mut fitting = match &self.of_spans {
            Some(spans) => spans.fitting(connection, candidates).await?,
            None => candidates.iter().map(|found| found.id).collect(),
        };
        if !self.of_traces.clauses.is_empty() {
            let ids: Vec<TraceId> = fitting.iter().copied().collect();
            let infos = read::whole(connection, &ids).await?;
            let said = match self.of_traces.needs_assessments() {
                true => said_of_sessions(connection, infos.values(), experiments).await?,
                false => HashMap::new(),
            };
            fitting.retain(|id| infos.get(id).is_some_and(|info| self.fits(info, &said)));
        }
        Ok(fitting)
    }

    fn fits(&self, info: &TraceInfo, said: &HashMap<String, Vec<Assessment>>) -> bool {
        let said: &[Assessment] = info.session().and_then(|session| said.get(session)).map_or(&[], Vec::as_slice);
        let said: Vec<&Assessment> = said.iter().filter(|other| other.trace_id != info.trace_id).collect();
        self.of_traces.matches(&Candidate { session_assessments: &said, ..Candidate::new(info) })
    }
}

impl SpanResidue {
    /// The candidates one of whose spans fulfils all clauses.
    async fn fitting(&self, connection: &mut PgConnection, candidates: &[Found]) -> Result<HashSet<TraceId>> {
        const OPERATION: &str = "search spans";
        // OFFSET 0 keeps the planner from reading whole months instead, whose texts are long.
        let select = Sql::new("SELECT t.trace_id, s.name, s.type, s.status, s.content FROM ")
            .append(super::places(candidates.iter().map(|found| (found.id, found.month))))
            .push(" AS t (trace_id, month) CROSS JOIN LATERAL (SELECT s.name, s.type, s.status, s.content")
            .push(" FROM spans AS s WHERE s.trace_id = t.trace_id AND s.month = t.month AND ")
            .append(self.condition.clone())
            .push(" OFFSET 0) AS s");
        let mut fitting = HashSet::new();
        let mut rows = select.query().fetch(connection);
        while let Some(row) = rows.try_next().await.during(OPERATION)? {
            let id = trace_id(row.try_get(0).during(OPERATION)?);
            let name = text::read(row.try_get(1).during(OPERATION)?);
            let span_type = row.try_get::<Option<String>, _>(2).during(OPERATION)?.map(text::read);
            let span = SpanRow {
                name: &name,
                span_type: span_type.as_deref(),
                status: row.try_get(3).during(OPERATION)?,
                text: row.try_get(4).during(OPERATION)?,
            };
            let mut fits = true;
            for clause in &self.clauses {
                fits &= clause.matches_row(&span).map_err(|error| corrupt(format!("span of trace {id}"), error))?;
            }
            if fits {
                fitting.insert(id);
            }
        }
        Ok(fitting)
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
