//! Harness of the end-to-end tests: real processes, started and stopped.
//!
//! [`Candor`] is this workspace's binary, [`Mlflow`] the real MLflow server, [`Postgres`] a real
//! PostgreSQL, [`python`] runs the
//! scripts of `tests/python` with the stock client. Not for unit tests: those stand beside the code.
//!
//! ```no_run
//! let candor = candor_tests::Candor::start();
//! assert_eq!(candor.get("/health").text().unwrap(), "OK");
//! ```

#![expect(clippy::expect_used, reason = "a harness that fails must stop its test")]

mod candor;
mod fake_llm;
mod mlflow;
mod postgres;
mod process;
pub mod python;
pub mod samples;

use std::path::{Path, PathBuf};

pub use candor::{Candor, CandorBuilder};
pub use fake_llm::FakeLlm;
pub use mlflow::{Mlflow, MlflowBuilder};
pub use postgres::Postgres;

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_path_buf()
}
