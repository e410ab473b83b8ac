/// A method of [`TrackingStore`](crate::TrackingStore), as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the method of the same name")]
#[non_exhaustive]
pub enum Operation {
    CreateExperiment,
    GetExperiment,
    SearchExperiments,
    UpdateExperiment,
    StartTraces,
    LogSpans,
    GetTraces,
    SearchTraces,
    UpdateTraceTag,
    DeleteTraces,
    LinkTraces,
    ResolveTarget,
    LogAssessments,
    UpdateAssessment,
    DeleteAssessment,
    PendingFeedback,
    GetAssessment,
    FeedbackStats,
    FeedbackSeries,
    FeedbackValues,
    FeedbackSegments,
    FeedbackComments,
    FeedbackSince,
    TraceMetrics,
    FilterOverlap,
}

impl Operation {
    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateExperiment => "create_experiment",
            Self::GetExperiment => "get_experiment",
            Self::SearchExperiments => "search_experiments",
            Self::UpdateExperiment => "update_experiment",
            Self::StartTraces => "start_traces",
            Self::LogSpans => "log_spans",
            Self::GetTraces => "get_traces",
            Self::SearchTraces => "search_traces",
            Self::UpdateTraceTag => "update_trace_tag",
            Self::DeleteTraces => "delete_traces",
            Self::LinkTraces => "link_traces",
            Self::ResolveTarget => "resolve_target",
            Self::LogAssessments => "log_assessments",
            Self::UpdateAssessment => "update_assessment",
            Self::DeleteAssessment => "delete_assessment",
            Self::PendingFeedback => "pending_feedback",
            Self::GetAssessment => "get_assessment",
            Self::FeedbackStats => "feedback_stats",
            Self::FeedbackSeries => "feedback_series",
            Self::FeedbackValues => "feedback_values",
            Self::FeedbackSegments => "feedback_segments",
            Self::FeedbackComments => "feedback_comments",
            Self::FeedbackSince => "feedback_since",
            Self::TraceMetrics => "trace_metrics",
            Self::FilterOverlap => "filter_overlap",
        }
    }
}
