use std::sync::Arc;

use candor_model::{DurationMs, ExperimentId, TimestampMs};
use candor_store::{ExperimentKey, Missing, StoreError, Target, WhenMissing};

use super::config::FeedbackConfig;
use crate::ApiState;
use crate::problem::{Problem, ProblemKind, Result};

/// What every handler of the feedback API works on.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) state: ApiState,
    pub(crate) config: Arc<FeedbackConfig>,
}

impl Api {
    /// The time now.
    pub(crate) fn now(&self) -> TimestampMs {
        self.state.clock.now()
    }

    /// Verdicts that were put on hold before are orphans.
    pub(crate) fn orphaned_before(&self) -> TimestampMs {
        let patience = i64::try_from(self.config.orphan_after.as_millis()).unwrap_or(i64::MAX);
        self.now().minus(DurationMs::from_millis(patience))
    }

    /// What becomes of a verdict whose trace is unknown; `strict` is the request's own wish.
    pub(crate) fn when_missing(&self, strict: bool) -> WhenMissing {
        let may_wait = self.state.store.capabilities().holds_feedback;
        if strict || self.config.strict || !may_wait { WhenMissing::Fail } else { WhenMissing::Hold }
    }

    /// Confines a target to the experiment that the request names, else to the configured one.
    ///
    /// # Errors
    /// 404 when there is no such experiment.
    pub(crate) async fn confine(&self, target: &mut Target, experiment: Option<&ExperimentKey>) -> Result<()> {
        target.experiment = match experiment {
            Some(key) => Some(self.experiment(key).await?),
            None => self.config.experiment,
        };
        Ok(())
    }

    async fn experiment(&self, key: &ExperimentKey) -> Result<ExperimentId> {
        match (self.state.store.get_experiment(key).await?, key) {
            (Some(experiment), _) => Ok(experiment.id),
            (None, ExperimentKey::Id(id)) => Err(StoreError::NotFound(Missing::Experiment(*id)).into()),
            (None, ExperimentKey::Name(name)) => {
                Err(Problem::new(ProblemKind::ExperimentNotFound, format!("experiment {name} does not exist")))
            }
        }
    }
}
