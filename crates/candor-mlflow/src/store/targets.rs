use candor_filter::{AttributeField, Clause, KeyTest, SpanClause, SpanField, TextMatch, TextTest, TraceFilter};
use candor_model::{ExperimentId, SpanId, TraceInfo, keys};
use candor_store::target::{self, MAX_CANDIDATES, Resolved, TargetCandidate};
use candor_store::{ExperimentQuery, ExperimentView, Result, Target, TargetRef, TraceQuery, TrackingStore};

use crate::MlflowStore;

impl MlflowStore {
    pub(super) async fn resolve(&self, target: &Target) -> Result<Option<Resolved>> {
        let mut looked_up = Vec::new();
        for reference in &target.refs {
            let carriers = self.carriers(reference, target.experiment).await?;
            let found = !carriers.is_empty();
            looked_up.push(carriers.iter().map(TargetCandidate::from).collect::<Vec<_>>());
            if found {
                break; // no further one is asked for
            }
        }
        let mut looked_up = looked_up.into_iter();
        target::resolve(target, |_| Ok(looked_up.next().unwrap_or_default()))
    }

    /// The traces that carry an id, newest first.
    pub(super) async fn carriers(
        &self,
        reference: &TargetRef,
        experiment: Option<ExperimentId>,
    ) -> Result<Vec<TraceInfo>> {
        let clause = match reference {
            TargetRef::Trace(id) => return Ok(self.info(*id).await?.into_iter().collect()),
            TargetRef::Span(id) => return self.carriers_of_span(*id, experiment).await,
            TargetRef::ClientRequest(id) => {
                let test = TextTest::Match(TextMatch::Eq(id.as_str().to_owned()));
                Clause::Attribute { field: AttributeField::ClientRequestId, test }
            }
            TargetRef::Session(id) => {
                Clause::Metadata { key: keys::SESSION.to_owned(), test: KeyTest::Match(TextMatch::Eq(id.clone())) }
            }
            TargetRef::Response(id) => {
                let field = SpanField::Attribute(keys::GEN_AI_RESPONSE_ID.to_owned());
                Clause::Span(SpanClause::Field { field, test: TextTest::Match(TextMatch::Eq(id.clone())) })
            }
        };
        let query = TraceQuery {
            experiments: self.experiments_of(experiment).await?,
            filter: TraceFilter { clauses: vec![clause] },
            order_by: Vec::new(),
            max_results: MAX_CANDIDATES,
            page_token: None,
        };
        Ok(self.search_page(&query).await?.items)
    }

    /// MLflow's filters know no span ids, but they search in the text of spans, which has them.
    async fn carriers_of_span(&self, id: SpanId, experiment: Option<ExperimentId>) -> Result<Vec<TraceInfo>> {
        let experiments = self.experiments_of(experiment).await?;
        let text = format!("span.content LIKE '%{}%'", candor_wire::scalar::base64_bytes::encode(id.as_bytes()));
        let mut found = Vec::new();
        let mut offset = 0;
        loop {
            let (rows, is_last) = self.search_at(&experiments, Some(&text), &[], offset, CHUNK).await?;
            offset += CHUNK;
            let ids: Vec<_> = rows.iter().map(|info| info.trace_id).collect();
            // It may be another span's parent.
            let traces = self.read_traces(&ids, true).await?;
            found.extend(traces.into_iter().filter(|trace| trace.spans.iter().any(|span| span.span_id == id)));
            if is_last || found.len() >= MAX_CANDIDATES {
                found.truncate(MAX_CANDIDATES);
                return Ok(found.into_iter().map(|trace| trace.info).collect());
            }
        }
    }

    /// The experiment, or all of them, deleted ones too.
    pub(super) async fn experiments_of(&self, experiment: Option<ExperimentId>) -> Result<Vec<ExperimentId>> {
        if let Some(experiment) = experiment {
            return Ok(vec![experiment]);
        }
        let mut ids = Vec::new();
        let mut query = ExperimentQuery {
            view: ExperimentView::All,
            filter: Default::default(),
            order_by: Vec::new(),
            max_results: 5000,
            page_token: None,
        };
        loop {
            let page = self.search_experiments(&query).await?;
            ids.extend(page.items.iter().map(|experiment| experiment.id));
            match page.next_page_token {
                Some(token) => query.page_token = Some(token),
                None => return Ok(ids),
            }
        }
    }
}

/// How many traces are looked through at once.
const CHUNK: usize = 50;
