//! The chat of the demonstration.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use candor::chat::{ChatService, Library, OfflineResponder, OpenAiResponder};
use candor::context::Tracer;
use candor::model::{ExperimentId, ExperimentName};
use candor::store::{Clock, DynTrackingStore, ExperimentKey, NewExperiment, SystemClock};

use crate::cli::ServeArguments;
use crate::demo;

/// Where the demonstration's traces go unless `--experiment` says otherwise.
pub(super) const EXPERIMENT: &str = "demo";

/// How long traces may take to reach the store at the end.
const FLUSH: Duration = Duration::from_secs(5);

/// A chat that logs its traces to the store.
pub(super) struct Chat {
    service: ChatService,
    tracer: Tracer,
}

/// Opens the chat, if it is asked for.
pub(super) async fn open(arguments: &ServeArguments, store: &Arc<DynTrackingStore>) -> anyhow::Result<Option<Chat>> {
    if !arguments.demo {
        return Ok(None);
    }
    let name = arguments.experiment.as_deref().unwrap_or(EXPERIMENT).parse().context("--experiment")?;
    let experiment = experiment(store, name).await.context("the demonstration's experiment")?;
    // Somebody else's server is not ours to fill.
    if matches!(store.capabilities().backend, "memory" | "sqlite") {
        demo::fill(store.as_ref(), experiment, SystemClock.now()).await?;
    }
    let tracer = Tracer::builder(Arc::clone(store)).service_name("candor-chat").experiment(experiment).build()?;
    let library = Library::about_candor();
    let service = match (&arguments.llm_url, &arguments.llm_model) {
        (Some(url), Some(model)) => {
            let responder = OpenAiResponder::new(url, model, key()).map_err(anyhow::Error::from_boxed);
            ChatService::new(tracer.clone(), library, responder.context("--llm-url")?)
        }
        _ => ChatService::new(tracer.clone(), library, OfflineResponder::default()),
    };
    Ok(Some(Chat { service, tracer }))
}

impl Chat {
    pub(super) fn router(&self) -> Router {
        self.service.clone().router()
    }

    /// Brings the last traces to the store.
    pub(super) async fn close(self) {
        if let Err(error) = self.tracer.shutdown(FLUSH).await {
            tracing::warn!(%error, "some traces of the chat did not reach the store");
        }
    }
}

/// The experiment of that name, made if there is none.
async fn experiment(store: &Arc<DynTrackingStore>, name: ExperimentName) -> anyhow::Result<ExperimentId> {
    if let Some(found) = store.get_experiment(&ExperimentKey::Name(name.clone())).await? {
        return Ok(found.id);
    }
    let creation_time = SystemClock.now();
    let new = NewExperiment { name, artifact_location: None, tags: Default::default(), creation_time };
    Ok(store.create_experiment(new).await?)
}

fn key() -> Option<String> {
    ["CANDOR_LLM_KEY", "OPENAI_API_KEY"].into_iter().find_map(|name| std::env::var(name).ok())
}
