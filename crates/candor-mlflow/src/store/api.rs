//! MLflow's routes, one function each, and what their errors mean.

use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, Span, Trace, TraceId, TraceInfo};
use candor_store::{ExperimentKey, Result};
use candor_wire::requests::{
    BatchGetInfos, CreateAssessment, CreateExperiment, DeleteExperimentTag, DeleteTraceTag, DeleteTraces,
    ExperimentById, LinkPrompts, LinkToRun, RenameExperiment, SearchExperiments, SearchTraces, SetExperimentTag,
    SetTraceTag, UpdateAssessment,
};
use candor_wire::responses::{
    AssessmentEnvelope, Empty, ExperimentCreated, ExperimentEnvelope, ExperimentPage, TraceEnvelope, TraceInfoEnvelope,
    TraceInfoList, TraceList, TracesDeleted,
};
use candor_wire::scalar::base64_bytes;
use candor_wire::ui_artifact::TracesFile;
use candor_wire::{AssessmentInput, ErrorCode, TraceInfoJson};
use reqwest::Method;
use serde::Serialize;
use serde_json::json;

use super::keep;
use crate::client::Repeat;
use crate::{MlflowError, MlflowStore};

type Answer<T> = std::result::Result<T, MlflowError>;

/// MLflow's page token for the row of that number.
pub(super) fn page_token(offset: usize) -> Option<String> {
    (offset > 0).then(|| base64_bytes::encode(format!("{{\"offset\": {offset}}}").as_bytes()).to_string())
}

/// Experiments.
impl MlflowStore {
    pub(super) async fn post_experiment(&self, new: &CreateExperiment) -> Answer<ExperimentId> {
        let path = "/api/2.0/mlflow/experiments/create";
        let created: ExperimentCreated = self.client.send(Method::POST, path, new, Repeat::Unprocessed).await?;
        Ok(created.experiment_id)
    }

    pub(super) async fn read_experiment(&self, key: &ExperimentKey) -> Answer<Experiment> {
        let (path, field, value) = match key {
            ExperimentKey::Id(id) => ("/api/2.0/mlflow/experiments/get", "experiment_id", id.to_string()),
            ExperimentKey::Name(name) => {
                ("/api/2.0/mlflow/experiments/get-by-name", "experiment_name", name.as_str().to_owned())
            }
        };
        let ExperimentEnvelope(experiment) = self.client.get(path, &[(field, &value)]).await?;
        Ok(experiment)
    }

    pub(super) async fn raw_experiments(&self, request: &SearchExperiments) -> Result<Vec<Experiment>> {
        let path = "/api/2.0/mlflow/experiments/search";
        let page: Answer<ExperimentPage<Vec<Experiment>>> =
            self.client.send(Method::POST, path, request, Repeat::Always).await;
        Ok(page.map_err(|error| error.during("search experiments"))?.experiments)
    }

    pub(super) async fn set_stage(&self, experiment_id: ExperimentId, restore: bool) -> Answer<()> {
        let path = if restore { "/api/2.0/mlflow/experiments/restore" } else { "/api/2.0/mlflow/experiments/delete" };
        self.order(Method::POST, path, &ExperimentById { experiment_id }).await
    }

    pub(super) async fn rename(&self, change: &RenameExperiment) -> Answer<()> {
        self.order(Method::POST, "/api/2.0/mlflow/experiments/update", change).await
    }

    pub(super) async fn set_experiment_tag(&self, tag: &SetExperimentTag) -> Answer<()> {
        self.order(Method::POST, "/api/2.0/mlflow/experiments/set-experiment-tag", tag).await
    }

    pub(super) async fn unset_experiment_tag(&self, tag: &DeleteExperimentTag) -> Answer<()> {
        self.order(Method::POST, "/api/2.0/mlflow/experiments/delete-experiment-tag", tag).await
    }
}

/// Traces.
impl MlflowStore {
    pub(super) async fn post_trace(&self, info: &TraceInfo, assessments: Vec<AssessmentInput>) -> Answer<TraceInfo> {
        let mut sent = json!(TraceInfoJson(info));
        if !assessments.is_empty() {
            sent["assessments"] = json!(assessments);
        }
        let body = json!({"trace": {"trace_info": sent}});
        // Sent again it writes the same, assessments included, since these have ids.
        let answer = self.client.send(Method::POST, "/api/3.0/mlflow/traces", &body, Repeat::Always).await;
        answer.map(|TraceInfoEnvelope(info)| info)
    }

    pub(super) async fn get_info(&self, id: TraceId) -> Answer<TraceInfo> {
        let TraceInfoEnvelope(info) = self.client.get(&format!("/api/3.0/mlflow/traces/{id}"), &[]).await?;
        Ok(info)
    }

    pub(super) async fn batch_infos(&self, ids: &[TraceId]) -> Result<Vec<TraceInfo>> {
        let request = BatchGetInfos { trace_ids: ids.to_vec() };
        let path = "/api/3.0/mlflow/traces/batchGetInfos";
        let answer: Answer<TraceInfoList<Vec<TraceInfo>>> =
            self.client.send(Method::POST, path, &request, Repeat::Always).await;
        Ok(answer.map_err(|error| error.during("read traces"))?.0)
    }

    /// The complete ones among the traces.
    pub(super) async fn batch_traces(&self, ids: &[TraceId]) -> Answer<Vec<Trace>> {
        let ids: Vec<String> = ids.iter().map(TraceId::to_string).collect();
        let query: Vec<(&str, &str)> = ids.iter().map(|id| ("trace_ids", id.as_str())).collect();
        let TraceList(traces) = self.client.get_fragile("/api/3.0/mlflow/traces/batchGet", &query).await?;
        Ok(traces)
    }

    /// The trace with the spans that there are.
    pub(super) async fn get_trace(&self, id: TraceId) -> Answer<Trace> {
        let query = [("trace_id", id.to_string()), ("allow_partial", "true".to_owned())];
        let query = query.each_ref().map(|(key, value)| (*key, value.as_str()));
        let TraceEnvelope(trace) = self.client.get_fragile("/api/3.0/mlflow/traces/get", &query).await?;
        Ok(trace)
    }

    /// The spans, by the route of the server's web pages.
    pub(super) async fn get_spans_file(&self, id: TraceId) -> Answer<Vec<Span>> {
        let path = "/ajax-api/2.0/mlflow/get-trace-artifact";
        let TracesFile(spans) = self.client.get(path, &[("request_id", &id.to_string())]).await?;
        Ok(spans)
    }

    /// Traces as they are sent, from a row of that number on, with their places on the page, and
    /// whether the page is not full.
    ///
    /// What other clients wrote may have no form here, such as the traces of MLflow 2, whose ids
    /// are others. It is passed over, or no search would ever get behind it.
    pub(super) async fn raw_page(
        &self,
        experiments: &[ExperimentId],
        filter: Option<&str>,
        order_by: &[String],
        offset: usize,
        max_results: usize,
    ) -> Result<(Vec<(usize, TraceInfo)>, bool)> {
        #[derive(serde::Deserialize)]
        struct Page {
            #[serde(default)]
            traces: Vec<serde_json::Value>,
        }

        let request = SearchTraces {
            locations: experiments.to_vec(),
            filter: filter.map(str::to_owned),
            max_results,
            order_by: order_by.to_vec(),
            page_token: page_token(offset),
        };
        let path = "/api/3.0/mlflow/traces/search";
        let page: Answer<Page> = self.client.send(Method::POST, path, &request, Repeat::Always).await;
        let Page { traces } = page.map_err(|error| error.during("search traces"))?;
        let is_last = traces.len() < max_results;
        let mut read = Vec::with_capacity(traces.len());
        for (place, trace) in traces.into_iter().enumerate() {
            let id = trace["trace_id"].as_str().unwrap_or_default().to_owned();
            match serde_json::from_value(trace) {
                Ok(TraceInfoJson::<TraceInfo>(info)) => read.push((place, info)),
                Err(error) => tracing::warn!(trace.id = id, %error, "a trace on MLflow cannot be read here"),
            }
        }
        Ok((read, is_last))
    }

    /// The traces, with what this store keeps in them put in its place, and whether the page is not full.
    pub(super) async fn search_at(
        &self,
        experiments: &[ExperimentId],
        filter: Option<&str>,
        order_by: &[String],
        offset: usize,
        max_results: usize,
    ) -> Result<(Vec<TraceInfo>, bool)> {
        let (read, is_last) = self.raw_page(experiments, filter, order_by, offset, max_results).await?;
        let mut found: Vec<TraceInfo> = read.into_iter().map(|(_, info)| info).collect();
        found.iter_mut().for_each(keep::restore);
        Ok((found, is_last))
    }

    pub(super) async fn set_tag(&self, id: TraceId, tag: &SetTraceTag) -> Answer<()> {
        self.order(Method::PATCH, &format!("/api/2.0/mlflow/traces/{id}/tags"), tag).await
    }

    pub(super) async fn unset_tag(&self, id: TraceId, tag: &DeleteTraceTag) -> Answer<()> {
        self.order(Method::DELETE, &format!("/api/2.0/mlflow/traces/{id}/tags"), tag).await
    }

    pub(super) async fn erase_traces(&self, request: &DeleteTraces) -> Result<u64> {
        let path = "/api/2.0/mlflow/traces/delete-traces";
        let answer: Answer<TracesDeleted> = self.client.send(Method::POST, path, request, Repeat::Always).await;
        Ok(answer.map_err(|error| error.during("delete traces"))?.traces_deleted)
    }

    pub(super) async fn link_run(&self, request: &LinkToRun) -> Result<()> {
        let linked = self.order(Method::POST, "/api/2.0/mlflow/traces/link-to-run", request).await;
        linked.map_err(|error| error.during("link traces to a run"))
    }

    pub(super) async fn link_prompts(&self, request: &LinkPrompts) -> Result<()> {
        let linked = self.order(Method::POST, "/api/2.0/mlflow/traces/link-prompts", request).await;
        linked.map_err(|error| error.during("link a trace to a prompt"))
    }
}

/// Assessments.
impl MlflowStore {
    pub(super) async fn post_assessment(&self, trace: TraceId, assessment: AssessmentInput) -> Answer<Assessment> {
        // Its id makes it safe to send again: the server refuses to write it twice.
        let path = format!("/api/3.0/mlflow/traces/{trace}/assessments");
        let body = CreateAssessment { assessment };
        let AssessmentEnvelope(stored) = self.client.send(Method::POST, &path, &body, Repeat::Always).await?;
        Ok(stored)
    }

    pub(super) async fn patch_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: &UpdateAssessment,
    ) -> Answer<Assessment> {
        let path = format!("/api/3.0/mlflow/traces/{trace}/assessments/{id}");
        let AssessmentEnvelope(stored) = self.client.send(Method::PATCH, &path, update, Repeat::Always).await?;
        Ok(stored)
    }

    pub(super) async fn erase_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<()> {
        let path = format!("/api/3.0/mlflow/traces/{trace}/assessments/{id}");
        let erased = self.order(Method::DELETE, &path, &json!({})).await;
        erased.map_err(|error| error.during("delete an assessment"))
    }

    /// A call that answers nothing, and may be made again.
    async fn order(&self, method: Method, path: &str, body: &(impl Serialize + Sync)) -> Answer<()> {
        let Empty {} = self.client.send(method, path, body, Repeat::Always).await?;
        Ok(())
    }
}

/// What an error means to a caller who knows what was asked.
impl MlflowError {
    /// Something that the call names does not exist.
    pub(super) fn is_missing(&self) -> bool {
        self.code() == Some(ErrorCode::ResourceDoesNotExist)
    }

    /// A name is taken.
    pub(super) fn is_taken(&self) -> bool {
        self.code() == Some(ErrorCode::ResourceAlreadyExists)
    }

    /// The server finds the call wrong.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::InvalidParameterValue | ErrorCode::BadRequest))
    }

    /// An assessment's id is taken, on whichever trace.
    pub(super) fn is_duplicate(&self) -> bool {
        self.code() == Some(ErrorCode::InternalError) && self.says("constraint violation")
    }

    /// The server has no such route.
    pub(super) fn is_unknown_route(&self) -> bool {
        matches!(self, Self::Foreign { status, .. } if status.as_u16() == 404)
            || self.code() == Some(ErrorCode::EndpointNotFound)
    }

    /// The server fails where it should not.
    pub(crate) fn is_failure_of_the_server(&self) -> bool {
        match self {
            Self::Refused { status, .. } | Self::Foreign { status, .. } => status.as_u16() == 500,
            _ => false,
        }
    }

    /// Whether the server's message has these words.
    pub(super) fn says(&self, words: &str) -> bool {
        matches!(self, Self::Refused { body, .. } if body.message.contains(words))
    }
}
