use candor_model::{Experiment, ExperimentId, ExperimentName, LifecycleStage, TimestampMs};

use super::state::State;
use crate::{ExperimentChange, ExperimentKey, Missing, NewExperiment, Result, StoreError};

/// Where clients would put files of an experiment that does not say.
pub(super) fn default_location(id: ExperimentId) -> String {
    format!("mlflow-artifacts:/{id}")
}

impl State {
    pub(super) fn create_experiment(&mut self, new: NewExperiment) -> Result<ExperimentId> {
        self.check_name_is_free(&new.name)?;
        // Experiments are never removed, so the last id is the highest that was ever given.
        let last = self.experiments.last_key_value().map_or(0, |(id, _)| id.get());
        let id = last.checked_add(1).and_then(ExperimentId::new).ok_or_else(|| StoreError::Backend {
            backend: super::BACKEND,
            operation: "create an experiment",
            source: "no ids are left".into(),
        })?;
        let experiment = Experiment {
            id,
            name: new.name.clone(),
            artifact_location: new.artifact_location.unwrap_or_else(|| default_location(id)),
            lifecycle_stage: LifecycleStage::Active,
            creation_time: new.creation_time,
            last_update_time: new.creation_time,
            tags: new.tags,
        };
        self.experiment_names.insert(new.name, id);
        self.experiments.insert(id, experiment);
        Ok(id)
    }

    pub(super) fn get_experiment(&self, key: &ExperimentKey) -> Option<Experiment> {
        let id = match key {
            ExperimentKey::Id(id) => id,
            ExperimentKey::Name(name) => self.experiment_names.get(name)?,
        };
        self.experiments.get(id).cloned()
    }

    pub(crate) fn update_experiment(
        &mut self,
        id: ExperimentId,
        change: ExperimentChange,
        at: TimestampMs,
    ) -> Result<()> {
        let not_found = || StoreError::NotFound(Missing::Experiment(id));
        let is_deleted = self.experiment(id)?.lifecycle_stage == LifecycleStage::Deleted;
        if let ExperimentChange::Rename(name) = &change
            && !is_deleted
        {
            self.check_name_is_free_for(name, id)?;
        }
        let experiment = self.experiments.get_mut(&id).ok_or_else(not_found)?;
        match change {
            ExperimentChange::Delete if is_deleted => return Err(not_found()),
            ExperimentChange::Delete => experiment.lifecycle_stage = LifecycleStage::Deleted,
            ExperimentChange::Restore if !is_deleted => return Err(not_found()),
            ExperimentChange::Restore => experiment.lifecycle_stage = LifecycleStage::Active,
            _ if is_deleted => return Err(StoreError::ExperimentDeleted { id }),
            ExperimentChange::Rename(name) => {
                let old = std::mem::replace(&mut experiment.name, name.clone());
                self.experiment_names.remove(&old);
                self.experiment_names.insert(name, id);
            }
            ExperimentChange::SetTag { key, value } => {
                experiment.tags.insert(key.as_str().to_owned(), value);
            }
            ExperimentChange::DeleteTag { key } => {
                if experiment.tags.remove(&key).is_none() {
                    return Err(StoreError::NotFound(Missing::ExperimentTag { key, experiment: id }));
                }
            }
        }
        experiment.last_update_time = at;
        Ok(())
    }

    fn check_name_is_free(&self, name: &ExperimentName) -> Result<()> {
        match self.experiment_names.contains_key(name) {
            true => Err(StoreError::AlreadyExists { what: format!("experiment {name:?}", name = name.as_str()) }),
            false => Ok(()),
        }
    }

    /// An experiment may be given the name that it has.
    fn check_name_is_free_for(&self, name: &ExperimentName, id: ExperimentId) -> Result<()> {
        match self.experiment_names.get(name) {
            Some(owner) if *owner == id => Ok(()),
            _ => self.check_name_is_free(name),
        }
    }
}
