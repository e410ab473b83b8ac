//! Experiments of the source and their twins in the target.

use candor_filter::{ExperimentFilter, ExperimentOrderBy};
use candor_model::{Experiment, ExperimentId, ExperimentName, LifecycleStage, TagKey};
use candor_store::{
    DynTrackingStore, ExperimentChange, ExperimentKey, ExperimentQuery, ExperimentView, NewExperiment, Result,
};

use crate::TransferError;

/// The experiments of those names, or all when there are none, oldest first.
pub(crate) async fn named(
    store: &DynTrackingStore,
    names: &[ExperimentName],
) -> Result<Vec<Experiment>, TransferError> {
    if names.is_empty() {
        return all(store).await.map_err(TransferError::Source);
    }
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let experiment =
            store.get_experiment(&ExperimentKey::Name(name.clone())).await.map_err(TransferError::Source)?;
        found.push(experiment.ok_or_else(|| TransferError::UnknownExperiment(name.clone()))?);
    }
    found.sort_by_key(|experiment| experiment.id);
    Ok(found)
}

async fn all(store: &DynTrackingStore) -> Result<Vec<Experiment>> {
    let mut query = ExperimentQuery {
        view: ExperimentView::All,
        filter: ExperimentFilter::default(),
        order_by: ExperimentOrderBy::parse_list(&["experiment_id ASC".to_owned()])?,
        max_results: 500,
        page_token: None,
    };
    let mut experiments = Vec::new();
    loop {
        let page = store.search_experiments(&query).await?;
        experiments.extend(page.items);
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            return Ok(experiments);
        }
    }
}

/// The target's experiment of the same name, if it has one.
pub(crate) async fn twin(to: &DynTrackingStore, source: &Experiment) -> Result<Option<Experiment>> {
    to.get_experiment(&ExperimentKey::Name(source.name.clone())).await
}

/// Makes the twin, or brings its tags up to date, and opens it for writing.
pub(crate) async fn open_twin(to: &DynTrackingStore, source: &Experiment) -> Result<ExperimentId> {
    let Some(twin) = twin(to, source).await? else {
        let new = NewExperiment {
            name: source.name.clone(),
            artifact_location: None,
            tags: source.tags.clone(),
            creation_time: source.creation_time,
        };
        return to.create_experiment(new).await;
    };
    let at = source.last_update_time;
    if twin.lifecycle_stage == LifecycleStage::Deleted {
        to.update_experiment(twin.id, ExperimentChange::Restore, at).await?;
    }
    for (key, value) in source.tags.iter().filter(|(key, value)| twin.tags.get(*key) != Some(value)) {
        let Ok(key) = TagKey::new(key.as_str()) else { continue }; // set by the server itself, not by callers
        to.update_experiment(twin.id, ExperimentChange::SetTag { key, value: value.clone() }, at).await?;
    }
    Ok(twin.id)
}

/// Deletes the twin again when the source's experiment is deleted.
pub(crate) async fn close_twin(to: &DynTrackingStore, source: &Experiment, twin: ExperimentId) -> Result<()> {
    if source.lifecycle_stage == LifecycleStage::Deleted {
        to.update_experiment(twin, ExperimentChange::Delete, source.last_update_time).await?;
    }
    Ok(())
}
