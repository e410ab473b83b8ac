//! The stock MLflow, client and server, in the virtual environments that `cargo xtask test` makes.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::workspace;

/// A version of MLflow, which has a virtual environment of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The reference: what all tests drive that do not say otherwise.
    Reference,
    /// The oldest that Candor works on.
    Oldest,
    /// One that it refuses.
    Two,
}

impl Release {
    /// Its `mlflow` program.
    pub fn program(self) -> PathBuf {
        match self {
            Self::Reference => venv("mlflow"),
            Self::Oldest => installed("target/venv-mlflow-oldest", "mlflow"),
            Self::Two => installed("target/venv-mlflow-2", "mlflow"),
        }
    }
}

/// A program of the reference version's virtual environment.
pub fn venv(program: &str) -> PathBuf {
    installed("target/venv", program)
}

fn installed(venv: &str, program: &str) -> PathBuf {
    let path = workspace().join(venv).join("bin").join(program);
    assert!(path.exists(), "{} is missing: run `cargo xtask test`, which installs it", path.display());
    path
}

/// A script of `tests/python`, to be given arguments and run.
pub fn script(name: &str) -> Command {
    let mut command = Command::new(venv("python"));
    command.arg(workspace().join("tests/python").join(name)).env("MLFLOW_DISABLE_TELEMETRY", "true");
    command
}

/// Runs a command to its end and fails with all that it printed unless it succeeds.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the command runs");
    assert!(
        output.status.success(),
        "{command:?} failed\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
