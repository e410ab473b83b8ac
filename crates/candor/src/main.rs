//! The `candor` command line.

mod analyze;
mod cli;
mod demo;
mod doctor;
mod serve;
mod spool;
mod transfer;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // The alternate form prints the whole chain of causes on one line.
            eprintln!("candor: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(arguments) => serve::run(arguments).await,
            Command::Analyze(arguments) => analyze::run(arguments).await,
            Command::Export(arguments) => transfer::export(arguments).await,
            Command::Import(arguments) => transfer::import(arguments).await,
            Command::Spool(arguments) => spool::run(arguments),
            Command::Doctor(arguments) => doctor::run(arguments).await,
        }
    })
}
