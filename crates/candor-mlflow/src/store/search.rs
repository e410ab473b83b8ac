//! Searches for traces: asked of the server as far as it answers right, checked here beyond that.

pub(super) mod plan;

use std::collections::{HashMap, HashSet};

use candor_filter::{
    Candidate, Clause, KeyTest, OrderBy, OrderKey, QueryId, SpanView, TextMatch, TraceFilter, effective_order,
    sort_values,
};
use candor_model::{Assessment, ExperimentId, Span, TraceId, TraceInfo, keys};
use candor_store::{Page, Result, StoreError, TraceQuery};
use candor_wire::requests::MAX_TRACES;
use tokio::sync::Mutex;

use self::plan::Plan;
use super::walk::{Fetched, Filled, Keep, Placed, Rows, Walk, fill};
use super::{check_page_size, keep};
use crate::MlflowStore;
use crate::error::BACKEND;

impl MlflowStore {
    pub(super) async fn search_page(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        check_page_size(query.max_results)?;
        let order = effective_order(&query.order_by);
        let mut experiments = query.experiments.clone();
        experiments.sort_unstable();
        experiments.dedup();
        let query_id = QueryId::new(
            "traces of mlflow",
            &format_args!("{}\n{order:?}\n{experiments:?}", query.filter),
            order.len() + 1,
        );
        let descending = order.iter().map(|item| item.descending).collect();
        let mut walk = Walk::begin(query.page_token.as_deref(), query_id, descending)?;
        if experiments.is_empty() {
            return Ok(Page::last(Vec::new()));
        }
        let plan = Plan::of(&query.filter);
        let rows = Found { store: self, experiments: &experiments, text: plan.text.as_deref(), order: &order };
        let keep = Check { store: self, experiments: &experiments, plan: &plan, sessions: Mutex::default() };
        let chunk = if plan.check.needs_spans() { SPAN_CHUNK } else { MAX_TRACES };
        let Filled { items, next_page_token } =
            fill(&mut walk, &rows, &keep, query.max_results, query_id, chunk).await?;
        Ok(Page { items, next_page_token })
    }
}

/// How many traces are looked at at once when their spans must be read.
const SPAN_CHUNK: usize = 100;

/// What the server finds.
struct Found<'a> {
    store: &'a MlflowStore,
    experiments: &'a [ExperimentId],
    text: Option<&'a str>,
    order: &'a [OrderBy],
}

impl Rows for Found<'_> {
    type Row = TraceInfo;

    async fn fetch(&self, offset: usize, size: usize) -> Result<Fetched<TraceInfo>> {
        let order: Vec<String> = self.order.iter().map(order_text).collect::<Result<_>>()?;
        let (read, is_last) = self.store.raw_page(self.experiments, self.text, &order, offset, size).await?;
        let placed = read.into_iter().map(|(place_in_page, mut row)| {
            // The server sorts by what it has, not by what is made of it here.
            let place = sort_values(self.order, &row);
            keep::restore(&mut row);
            (offset + place_in_page, Placed { place, row })
        });
        Ok(Fetched { rows: placed.collect(), is_last })
    }
}

/// The clauses that the server would misread.
struct Check<'a> {
    store: &'a MlflowStore,
    experiments: &'a [ExperimentId],
    plan: &'a Plan,
    /// The assessments that speak for a session, by session, with their traces.
    sessions: Mutex<HashMap<String, Vec<Assessment>>>,
}

impl Keep<TraceInfo> for Check<'_> {
    fn is_all(&self) -> bool {
        self.plan.check.is_empty() && self.plan.further_runs.is_empty()
    }

    async fn keep(&self, rows: &[TraceInfo]) -> Result<Vec<bool>> {
        let spans = self.spans_of(rows).await?;
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            let spans = spans.get(&row.trace_id).map(Vec::as_slice).unwrap_or_default();
            kept.push(self.is_wanted(row, spans).await?);
        }
        for run in &self.plan.further_runs {
            self.drop_those_outside(run, rows, &mut kept).await?;
        }
        Ok(kept)
    }
}

impl Check<'_> {
    async fn spans_of(&self, rows: &[TraceInfo]) -> Result<HashMap<TraceId, Vec<Span>>> {
        if !self.plan.check.needs_spans() {
            return Ok(HashMap::new());
        }
        let ids: Vec<TraceId> = rows.iter().map(|row| row.trace_id).collect();
        let traces = self.store.read_traces(&ids, true).await?;
        Ok(traces.into_iter().map(|trace| (trace.info.trace_id, trace.spans)).collect())
    }

    async fn is_wanted(&self, info: &TraceInfo, spans: &[Span]) -> Result<bool> {
        let check = &self.plan.check;
        let fits = fulfils(check, info, spans, &[]);
        let Some(session) = info.session().filter(|_| check.needs_assessments()) else { return Ok(fits) };
        if fits && !self.plan.asks_for_absence {
            return Ok(true); // what its own assessments fulfil, those of its session cannot spoil
        }
        let mut sessions = self.sessions.lock().await;
        if !sessions.contains_key(session) {
            let shared = self.shared_in(session).await?;
            sessions.insert(session.to_owned(), shared);
        }
        let shared = sessions.get(session).map(Vec::as_slice).unwrap_or_default();
        let others: Vec<&Assessment> = shared.iter().filter(|one| one.trace_id != info.trace_id).collect();
        Ok(fulfils(check, info, spans, &others))
    }

    /// The assessments of a session's traces that speak for the whole of it.
    async fn shared_in(&self, session: &str) -> Result<Vec<Assessment>> {
        let clause =
            Clause::Metadata { key: keys::SESSION.to_owned(), test: KeyTest::Match(TextMatch::Eq(session.to_owned())) };
        let Some(text) = plan::text_of(&clause) else { return Ok(Vec::new()) };
        let mut shared = Vec::new();
        let mut offset = 0;
        loop {
            let (rows, is_last) = self.store.search_at(self.experiments, Some(&text), &[], offset, MAX_TRACES).await?;
            offset += MAX_TRACES;
            let all = rows.into_iter().flat_map(|info| info.assessments);
            shared.extend(all.filter(|one| one.metadata.contains_key(keys::SESSION)));
            if is_last {
                return Ok(shared);
            }
        }
    }

    /// MLflow looks at one run of a filter only; it is asked again for each of the others.
    async fn drop_those_outside(&self, run: &str, rows: &[TraceInfo], kept: &mut [bool]) -> Result<()> {
        let ids: Vec<String> = rows.iter().map(|row| format!("'{}'", row.trace_id)).collect();
        let text = format!("request_id IN ({}) AND {run}", ids.join(", "));
        let (inside, _) = self.store.search_at(self.experiments, Some(&text), &[], 0, MAX_TRACES).await?;
        let inside: HashSet<TraceId> = inside.iter().map(|info| info.trace_id).collect();
        for (row, kept) in rows.iter().zip(kept) {
            *kept &= inside.contains(&row.trace_id);
        }
        Ok(())
    }
}

fn fulfils(check: &TraceFilter, info: &TraceInfo, spans: &[Span], session_assessments: &[&Assessment]) -> bool {
    let spans: Vec<SpanView<'_>> = spans.iter().map(SpanView::new).collect();
    check.matches(&Candidate { spans: &spans, session_assessments, ..Candidate::new(info) })
}

/// A sort key as MLflow reads it.
fn order_text(item: &OrderBy) -> Result<String> {
    let key = match &item.key {
        OrderKey::TimestampMs => "timestamp_ms".to_owned(),
        OrderKey::ExecutionTimeMs => "execution_time_ms".to_owned(),
        OrderKey::Status => "status".to_owned(),
        OrderKey::TraceId => "request_id".to_owned(),
        OrderKey::ExperimentId => "experiment_id".to_owned(),
        OrderKey::Name => "name".to_owned(),
        OrderKey::RunId => "run_id".to_owned(),
        OrderKey::Tag(key) => format!("tags.{}", quoted_key(key)?),
        OrderKey::Metadata(key) => format!("metadata.{}", quoted_key(key)?),
    };
    Ok(format!("{key} {}", if item.descending { "DESC" } else { "ASC" }))
}

fn quoted_key(key: &str) -> Result<String> {
    if plan::is_alias(key) || key.contains('`') {
        return Err(StoreError::Unsupported {
            backend: BACKEND,
            operation: "sort by this key, which it reads otherwise",
        });
    }
    Ok(format!("`{key}`"))
}
