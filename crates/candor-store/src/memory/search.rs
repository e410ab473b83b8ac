use std::cmp::Ordering;
use std::collections::HashSet;

use candor_filter::{
    Candidate, PageToken, QueryId, SortValue, SpanView, TraceFilter, compare_experiment_values, compare_values,
    effective_experiment_order, effective_order, experiment_sort_values, sort_values,
};
use candor_model::{Assessment, Experiment, ExperimentId, LifecycleStage, TraceInfo};

use super::check_page_size;
use super::state::{Record, State};
use crate::{ExperimentQuery, ExperimentView, Page, Result, TargetRef, TraceQuery};

impl State {
    pub(super) fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        check_page_size(query.max_results)?;
        let order = effective_order(&query.order_by);
        let query_id = QueryId::traces(&query.filter, &order, &query.experiments);
        let after = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();

        let experiments: HashSet<ExperimentId> = query.experiments.iter().copied().collect();
        let records = self.traces.values().filter(|record| experiments.contains(&record.info.experiment_id));
        let rows = records.map(|record| (sort_values(&order, &record.info), record));
        let found = rows
            .filter(|(place, _)| is_after(after.as_ref(), |last| compare_values(&order, place, last)))
            .filter(|(_, record)| self.matches(&query.filter, record, &experiments))
            .map(|(place, record)| (place, &record.info));
        Ok(first_page(found, query.max_results, |a, b| compare_values(&order, a, b), query_id))
    }

    pub(super) fn matches(&self, filter: &TraceFilter, record: &Record, experiments: &HashSet<ExperimentId>) -> bool {
        let spans: Vec<SpanView<'_>> = match filter.needs_spans() {
            true => record.spans.values().map(SpanView::new).collect(),
            false => Vec::new(),
        };
        let linked_runs: Vec<String> = record.runs.iter().cloned().collect();
        let linked_prompts: Vec<String> =
            record.prompts.iter().map(|(name, version)| format!("{name}/{version}")).collect();
        let session_assessments = match filter.needs_assessments() {
            true => self.assessments_of_session(record, experiments),
            false => Vec::new(),
        };
        filter.matches(&Candidate {
            info: &record.info,
            spans: &spans,
            linked_runs: &linked_runs,
            linked_prompts: &linked_prompts,
            session_assessments: &session_assessments,
        })
    }

    /// Assessments of the other traces of the record's session, as far as they are searched.
    fn assessments_of_session(&self, record: &Record, experiments: &HashSet<ExperimentId>) -> Vec<&Assessment> {
        let Some(session) = record.info.session() else { return Vec::new() };
        let session = TargetRef::Session(session.to_owned());
        let others = self.carriers(&session).filter(|other| other.info.trace_id != record.info.trace_id);
        let searched = others.filter(|other| experiments.contains(&other.info.experiment_id));
        searched.flat_map(|other| &other.info.assessments).collect()
    }

    pub(crate) fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        check_page_size(query.max_results)?;
        let order = effective_experiment_order(&query.order_by);
        let (active, deleted, view) = match query.view {
            ExperimentView::ActiveOnly => (true, false, "active"),
            ExperimentView::DeletedOnly => (false, true, "deleted"),
            ExperimentView::All => (true, true, "all"),
        };
        let query_id = QueryId::experiments(&query.filter, &order, view);
        let after = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();

        let experiments = self.experiments.values().filter(|experiment| match experiment.lifecycle_stage {
            LifecycleStage::Active => active,
            LifecycleStage::Deleted => deleted,
        });
        let rows = experiments.map(|experiment| (experiment_sort_values(&order, experiment), experiment));
        let found = rows
            .filter(|(place, _)| is_after(after.as_ref(), |last| compare_experiment_values(&order, place, last)))
            .filter(|(_, experiment)| query.filter.matches(experiment));
        Ok(first_page(found, query.max_results, |a, b| compare_experiment_values(&order, a, b), query_id))
    }
}

/// Whether a row stands behind the last one of the page before.
fn is_after(page_before: Option<&PageToken>, compare_to: impl Fn(&[SortValue]) -> Ordering) -> bool {
    page_before.is_none_or(|token| compare_to(&token.last) == Ordering::Greater)
}

/// The first `size` of the rows in order, with a token if there are more.
fn first_page<'a, T: Clone + 'a>(
    rows: impl Iterator<Item = (Vec<SortValue>, &'a T)>,
    size: usize,
    compare: impl Fn(&[SortValue], &[SortValue]) -> Ordering,
    query: QueryId,
) -> Page<T> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|(a, _), (b, _)| compare(a, b));
    let last = rows.get(size.saturating_sub(1)).filter(|_| rows.len() > size);
    let next_page_token = last.map(|(place, _)| PageToken { last: place.clone() }.encode(query));
    Page { items: rows.into_iter().take(size).map(|(_, row)| row.clone()).collect(), next_page_token }
}
