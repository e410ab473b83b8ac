//! Comparing both sides.

use std::collections::HashSet;

use candor_model::{Experiment, ExperimentName, TraceId};

use crate::compare::differences;
use crate::copy::Counter;
use crate::experiments::twin;
use crate::transfer::page_of_ids;
use crate::{Difference, Progress, Transfer, TransferError};

/// The findings of each kind that are told one by one.
const TOLD: usize = 100;

/// What a comparison of both sides has found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Comparison {
    /// Traces of the source that were looked for.
    pub compared: u64,
    /// Experiments that the target does not have.
    pub missing_experiments: Vec<ExperimentName>,
    /// Traces that the target does not have, or has in another experiment.
    pub missing: u64,
    /// Traces that differ.
    pub different: u64,
    /// Traces in the target's experiments that the source's do not have.
    pub extra: u64,
    /// The first hundred of each kind.
    pub findings: Vec<Unequal>,
}

/// A trace that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unequal {
    /// The target does not have it.
    Missing(TraceId),
    /// The source does not have it.
    Extra(TraceId),
    /// Both have it.
    Different(TraceId, Vec<Difference>),
}

impl Comparison {
    /// Whether both sides have the same traces with the same content.
    pub fn is_equal(&self) -> bool {
        self.missing_experiments.is_empty() && self.missing == 0 && self.different == 0 && self.extra == 0
    }
}

impl Transfer<'_> {
    /// Compares every trace of the source with the target's, and looks for traces that only the target has.
    ///
    /// # Errors
    /// When a side cannot be read, or the source lacks an experiment that was asked for.
    pub async fn verify(&self, mut told: impl FnMut(&Progress) + Send) -> Result<Comparison, TransferError> {
        let sources = self.sources().await?;
        let mut progress = Counter { total: self.count(&sources).await?, done: 0 };
        let mut comparison = Comparison::default();
        for source in &sources {
            let Some(twin) = twin(self.to, source).await.map_err(TransferError::Target)? else {
                comparison.missing_experiments.push(source.name.clone());
                continue;
            };
            let mut token = None;
            loop {
                let page = page_of_ids(self.from, source, token).await.map_err(TransferError::Source)?;
                self.compare_page(&page.items, &twin, &mut comparison).await?;
                told(&progress.advance(source, page.items.len()));
                token = page.next_page_token;
                if token.is_none() {
                    break;
                }
            }
            self.look_for_extra(source, &twin, &mut comparison).await?;
        }
        Ok(comparison)
    }

    async fn compare_page(
        &self,
        ids: &[TraceId],
        twin: &Experiment,
        comparison: &mut Comparison,
    ) -> Result<(), TransferError> {
        let (sources, targets) = self.both_sides(ids).await?;
        for source in sources {
            let id = source.info.trace_id;
            comparison.compared += 1;
            match targets.get(&id).filter(|target| target.info.experiment_id == twin.id) {
                None => count(&mut comparison.missing, &mut comparison.findings, Unequal::Missing(id)),
                Some(target) => {
                    let found = differences(&source, target);
                    if !found.is_empty() {
                        let finding = Unequal::Different(id, found);
                        count(&mut comparison.different, &mut comparison.findings, finding);
                    }
                }
            }
        }
        Ok(())
    }

    async fn look_for_extra(
        &self,
        source: &Experiment,
        twin: &Experiment,
        comparison: &mut Comparison,
    ) -> Result<(), TransferError> {
        let mut token = None;
        loop {
            let page = page_of_ids(self.to, twin, token).await.map_err(TransferError::Target)?;
            let known = self.from.get_traces(&page.items, false).await.map_err(TransferError::Source)?;
            let known = known.iter().filter(|trace| trace.info.experiment_id == source.id);
            let known: HashSet<TraceId> = known.map(|trace| trace.info.trace_id).collect();
            for id in page.items.into_iter().filter(|id| !known.contains(id)) {
                count(&mut comparison.extra, &mut comparison.findings, Unequal::Extra(id));
            }
            token = page.next_page_token;
            if token.is_none() {
                return Ok(());
            }
        }
    }
}

fn count(counter: &mut u64, findings: &mut Vec<Unequal>, finding: Unequal) {
    *counter += 1;
    if *counter <= TOLD as u64 {
        findings.push(finding);
    }
}
