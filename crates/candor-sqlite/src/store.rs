use std::path::Path;

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};
use candor_store::metrics::{MetricPoint, MetricsQuery};
use candor_store::target::Resolved;
use candor_store::{
    Arrivals, AssessmentUpdate, Capabilities, CommentQuery, ExperimentChange, ExperimentKey, ExperimentQuery,
    FeedbackStats, Gaps, Logged, NewAssessment, NewExperiment, Overlap, OverlapQuery, Page, PendingFeedback,
    PendingQuery, Result, Segment, SegmentQuery, SeriesQuery, SpanBatch, StatsQuery, StoreError, TagChange, Target,
    TraceLink, TraceQuery, TraceSelection, TrackingStore, ValueCount,
};
use rusqlite::Connection;

use crate::error::BACKEND;
use crate::file::SqliteFile;
use crate::schema::LAYOUT;
use crate::{
    OpenError, Report, SqliteOptions, arrivals, assessments, comments, experiments, metrics, pending, report, search,
    stats, targets, traces,
};

/// A tracking store in one SQLite file.
///
/// Dropping it finishes what was accepted, which blocks; [`close`](TrackingStore::close) does not.
#[derive(Debug)]
pub struct SqliteStore {
    file: SqliteFile,
    search_budget: i64,
}

impl SqliteStore {
    /// Opens a file for reading and writing, makes it if there is none, and updates its schema.
    ///
    /// The file is kept from other writers by a lock on `<path>.lock`.
    ///
    /// # Errors
    /// [`OpenError`] tells path, cause and, where one is known, the remedy.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        Ok(Self { file: SqliteFile::open(path, &LAYOUT, &options)?, search_budget: options.search_budget })
    }

    /// Opens an existing file for reading, whether or not another process writes to it.
    ///
    /// # Errors
    /// [`OpenError::Missing`], [`OpenError::SchemaTooOld`] and most of the others.
    pub fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let options = SqliteOptions::default();
        Ok(Self { file: SqliteFile::open_read_only(path, &LAYOUT, &options)?, search_budget: options.search_budget })
    }

    /// Finishes what was accepted, copies the log into the file and closes it.
    ///
    /// # Errors
    /// None today.
    pub async fn close(&self) -> Result<()> {
        self.file.close().await;
        Ok(())
    }

    /// Inspects the file; reads all of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Corrupt`], when the file cannot be read at all.
    pub async fn report(&self) -> Result<Report> {
        let path = self.file.path().to_owned();
        let mut report = self.read("inspect the file", move |connection| report::of_file(connection, &path)).await?;
        (report.commits, report.calls) = self.file.counters();
        report.queue_depth = self.file.queue_depth();
        Ok(report)
    }

    /// The number of write calls that wait for the writer.
    pub fn queue_depth(&self) -> usize {
        self.file.queue_depth()
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.file.read(operation, work).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.file.write(operation, work).await
    }

    pub(crate) async fn write_or_refuse<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.file.write_or_refuse(operation, work).await
    }
}

/// Answers each item by itself, unless the back end fails: that undoes the whole call.
fn item_by_item<I, T>(
    connection: &Connection,
    items: Vec<I>,
    mut work: impl FnMut(&Connection, I) -> Result<T>,
) -> Result<Vec<Result<T>>> {
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let before = connection.total_changes();
        let answer = work(connection, item);
        let is_of_the_item = connection.total_changes() == before
            && !matches!(
                answer,
                Err(StoreError::Unavailable { .. } | StoreError::Corrupt { .. } | StoreError::Backend { .. })
            );
        match answer {
            Err(failure) if !is_of_the_item => return Err(failure),
            answer => answers.push(answer),
        }
    }
    Ok(answers)
}

#[async_trait]
impl TrackingStore for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { backend: BACKEND, durable: true, holds_feedback: true, gaps: Gaps::default() }
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.write("create an experiment", move |connection| experiments::create(connection, &new)).await
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        let key = key.clone();
        self.read("read an experiment", move |connection| experiments::get(connection, &key)).await
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        let query = query.clone();
        self.read("search experiments", move |connection| experiments::search(connection, &query)).await
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        self.write("update an experiment", move |connection| experiments::update(connection, id, change, at)).await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        let start = |connection: &Connection, info| traces::start(connection, info);
        self.write_or_refuse("start traces", move |connection| item_by_item(connection, infos, start)).await
    }

    async fn log_spans(&self, mut batch: SpanBatch) -> Result<()> {
        let contents = traces::spans::pack_contents(&mut batch)?;
        let log = move |connection: &Connection| traces::log_spans(connection, &batch, &contents);
        self.write_or_refuse("log spans", log).await
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        let ids = ids.to_vec();
        self.read("read traces", move |connection| traces::row::get(connection, &ids, with_spans)).await
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        let (query, budget) = (query.clone(), self.search_budget);
        self.read("search traces", move |connection| search::traces(connection, &query, budget)).await
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        self.write("tag a trace", move |connection| traces::change_tag(connection, id, change)).await
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        self.write("delete traces", move |connection| traces::delete(connection, experiment, &selection)).await
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        let ids = ids.to_vec();
        self.write("link traces", move |connection| traces::link(connection, &ids, &link)).await
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        let target = target.clone();
        let resolve = move |connection: &Connection| targets::resolve(connection, &target);
        Ok(self.read("look a trace up", resolve).await?.map(|(resolved, _)| resolved))
    }

    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        let log = |connection: &Connection, item| assessments::log(connection, item);
        self.write_or_refuse("log assessments", move |connection| item_by_item(connection, items, log)).await
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        let change = move |connection: &Connection| assessments::update(connection, trace, id, update, at);
        self.write("update an assessment", change).await
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        self.write("delete an assessment", move |connection| assessments::delete(connection, trace, id)).await
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        let query = query.clone();
        self.read("list feedback on hold", move |connection| pending::page(connection, &query)).await
    }

    async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        self.read("read an assessment", move |connection| assessments::get(connection, trace, id)).await
    }

    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        let query = query.clone();
        self.read("count feedback", move |connection| stats::count(connection, &query)).await
    }

    async fn feedback_series(&self, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
        let query = query.clone();
        self.read("count feedback", move |connection| stats::series(connection, &query)).await
    }

    async fn feedback_values(&self, query: &StatsQuery) -> Result<Vec<ValueCount>> {
        let query = query.clone();
        self.read("count feedback", move |connection| stats::values(connection, &query)).await
    }

    async fn feedback_segments(&self, query: &SegmentQuery) -> Result<Vec<Segment>> {
        let query = query.clone();
        self.read("count verdicts by segment", move |connection| stats::segments(connection, &query)).await
    }

    async fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        let query = query.clone();
        self.read("look comments up", move |connection| comments::page(connection, &query)).await
    }

    async fn feedback_since(&self, after: Option<u64>, max: usize) -> Result<Arrivals> {
        self.read("read new feedback", move |connection| arrivals::since(connection, after, max)).await
    }

    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        let query = query.clone();
        self.read("measure traces", move |connection| metrics::measure(connection, &query)).await
    }

    async fn filter_overlap(&self, query: &OverlapQuery) -> Result<Overlap> {
        let query = query.clone();
        self.read("compare filters", move |connection| search::overlap(connection, &query)).await
    }

    async fn close(&self) -> Result<()> {
        Self::close(self).await
    }
}
