//! Counting feedback.

use std::collections::HashSet;

use candor_filter::{AssessmentTest, Clause, CompareOp, Inequality, Number, NumberField, TraceFilter, ValueKind};
use candor_model::{DurationMs, TimestampMs};
use candor_store::{FeedbackStats, Result, StatsQuery, TimeAxis, TraceQuery};

use super::search::plan::{is_alias, text_of};
use crate::MlflowStore;

impl MlflowStore {
    /// The server tells how many traces there are and which names feedback has; traces without such
    /// are not read.
    pub(super) async fn count_feedback(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        let experiments = match &query.experiments {
            Some(ids) => ids.clone(),
            None => self.experiments_of(None).await?,
        };
        let period = period(query);
        let until = query.range.until.map(|end| end.minus(DurationMs::from_millis(1)));
        let traces = self.count_traces(&experiments, query.range.from, until).await?;
        let with_feedback = match traces {
            Some(_) => self.feedback_names(&experiments).await?.and_then(|names| clauses(&names)),
            None => None,
        };
        // A verdict may be of another time than its trace.
        let bounds = if query.axis == TimeAxis::Trace { period } else { Vec::new() };
        let filters = match with_feedback {
            Some(clauses) => clauses.into_iter().map(|clause| [bounds.clone(), vec![clause]].concat()).collect(),
            None => vec![bounds],
        };
        let mut stats = FeedbackStats::default();
        let mut seen = HashSet::new();
        for clauses in filters {
            let mut search = TraceQuery {
                experiments: experiments.clone(),
                filter: TraceFilter { clauses },
                order_by: Vec::new(),
                max_results: candor_wire::requests::MAX_TRACES,
                page_token: None,
            };
            loop {
                let page = self.search_page(&search).await?;
                page.items.iter().filter(|info| seen.insert(info.trace_id)).for_each(|info| stats.add(info, query));
                search.page_token = page.next_page_token;
                if search.page_token.is_none() {
                    break;
                }
            }
        }
        stats.traces = traces.unwrap_or(stats.traces);
        Ok(stats)
    }
}

/// One for each name; `None` when there is no asking for one of them.
fn clauses(names: &[String]) -> Option<Vec<Clause>> {
    let clause = |name: &String| {
        let test = AssessmentTest::IsNull { negated: true };
        let clause = Clause::Assessment { kind: ValueKind::Feedback, name: name.clone(), test };
        (!is_alias(name) && text_of(&clause).is_some()).then_some(clause)
    };
    names.iter().map(clause).collect()
}

fn period(query: &StatsQuery) -> Vec<Clause> {
    let bound = |op, time: TimestampMs| Clause::Number {
        field: NumberField::TimestampMs,
        op: CompareOp::Order(op),
        value: Number::Int(time.as_millis()),
    };
    let from = query.range.from.map(|from| bound(Inequality::Ge, from));
    let until = query.range.until.map(|until| bound(Inequality::Lt, until));
    from.into_iter().chain(until).collect()
}
