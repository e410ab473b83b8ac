//! The stock MLflow client, in the virtual environment that `cargo xtask test` makes.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::workspace;

/// A program of the virtual environment.
pub fn venv(program: &str) -> PathBuf {
    let path = workspace().join("target/venv/bin").join(program);
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
