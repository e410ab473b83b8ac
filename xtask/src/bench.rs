//! What things cost, measured on this machine. The figures in the docs come from here.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{provision, workspace_root};

/// Measures Candor beside its peers; `--micro` measures parts of it by themselves.
pub(crate) fn run(sh: &Shell, arguments: &[&str]) -> Result<()> {
    if arguments == ["--micro"] {
        return micro(sh);
    }
    provision::python(sh)?;
    if !arguments.contains(&"--quick") {
        provision::postgresql(sh)?;
        provision::bench_python(sh)?;
    }
    cmd!(sh, "cargo build --locked --release --package candor").run()?;
    cmd!(sh, "cargo run --locked --quiet --release --package xtask-bench -- {arguments...}").run()?;
    Ok(())
}

/// Whether everything can still be measured; the figures of programs built for tests mean nothing.
pub(crate) fn smoke(sh: &Shell) -> Result<()> {
    let candor = "target/debug/candor";
    cmd!(sh, "cargo run --locked --quiet --package xtask-bench -- --quick --candor {candor}").run()?;
    Ok(())
}

/// Runs every micro-benchmark and prints its table.
fn micro(sh: &Shell) -> Result<()> {
    cmd!(sh, "cargo bench --locked --package candor-sqlite --bench hot_paths").run()?;
    cmd!(sh, "cargo bench --locked --package candor-context --features tower --bench tracing").run()?;
    cmd!(sh, "cargo bench --locked --package candor-http --bench streaming").run()?;
    python_tracing(sh)
}

/// The same spans made by MLflow's Python client, which exports to a server of ours.
fn python_tracing(sh: &Shell) -> Result<()> {
    provision::python(sh)?;
    cmd!(sh, "cargo build --locked --package candor").run()?;
    let server = Server::start()?;
    let url = &server.url;
    let script = "crates/candor-context/benches/mlflow_trace.py";
    cmd!(sh, "target/venv/bin/python {script} {url}").env("MLFLOW_DISABLE_TELEMETRY", "true").run()?;
    Ok(())
}

/// A server that keeps nothing and ends with the benchmark.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Result<Self> {
        let mut command = Command::new(workspace_root().join("target/debug/candor"));
        command.args(["serve", "--port", "0", "--store", "memory:"]).env("RUST_LOG", "warn").stdout(Stdio::piped());
        let mut process = command.spawn().context("cannot start `candor serve`")?;
        let stdout = process.stdout.take().context("stdout is piped")?;
        let mut server = Self { process, url: String::new() };
        let mut lines = BufReader::new(stdout).lines().map_while(std::io::Result::ok);
        let address =
            |line: String| line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
        server.url = lines.find_map(address).context("`candor serve` prints its address")?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended by itself
        let _ = self.process.wait();
    }
}
