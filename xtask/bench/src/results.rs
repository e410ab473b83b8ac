//! What was measured, kept in a file, so that parts can be measured at different times.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// The measurements of one workload by one system on one size of data.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Measured {
    /// One figure per round, in the workload's unit.
    pub(crate) rounds: Vec<f64>,
    /// 99th percentiles of the rounds, in milliseconds, where single calls were timed.
    pub(crate) p99_ms: Vec<f64>,
}

impl Measured {
    pub(crate) fn median(&self) -> f64 {
        median(&self.rounds)
    }

    pub(crate) fn p99(&self) -> Option<f64> {
        (!self.p99_ms.is_empty()).then(|| median(&self.p99_ms))
    }

    pub(crate) fn spread(&self) -> (f64, f64) {
        let least = self.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (least, most)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// All of them: by size of the data, workload, and system.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Results {
    pub(crate) measured: BTreeMap<String, BTreeMap<String, BTreeMap<String, Measured>>>,
}

impl Results {
    /// What the file holds; nothing when there is none.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        match std::fs::read(path) {
            Ok(json) => Ok(serde_json::from_slice(&json)?),
            Err(_) => Ok(Self::default()),
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        Ok(std::fs::write(path, serde_json::to_vec_pretty(self)?)?)
    }

    /// Forgets an earlier measurement, before its first round is measured again.
    pub(crate) fn begin(&mut self, size: &str, workload: &str, system: &str) {
        self.entry(size, workload, system).clone_from(&Measured::default());
    }

    pub(crate) fn entry(&mut self, size: &str, workload: &str, system: &str) -> &mut Measured {
        let workloads = self.measured.entry(size.to_owned()).or_default();
        workloads.entry(workload.to_owned()).or_default().entry(system.to_owned()).or_default()
    }

    pub(crate) fn find(&self, size: &str, workload: &str, system: &str) -> Option<&Measured> {
        let found = self.measured.get(size)?.get(workload)?.get(system)?;
        (!found.rounds.is_empty()).then_some(found)
    }
}
