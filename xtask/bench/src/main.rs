//! Measures Candor beside its peers on this machine: `cargo xtask bench`.
//!
//! Every system is driven by the same load generator with the same data, in alternating rounds. What
//! was measured is kept in `target/bench/results.json`; `docs/benchmarks.md` is written from it.

mod ceilings;
mod chart;
mod data;
mod load;
mod machine;
mod postgres;
mod process;
mod report;
mod results;
mod run;
mod systems;
mod targets;
mod workloads;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::data::Data;
use crate::postgres::Cluster;
use crate::results::Results;
use crate::run::{Bench, Setting};
use crate::systems::Kind;

/// Measures Candor beside its peers.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Little data, short rounds, Candor and MLflow alone; prints figures and writes no page.
    #[arg(long)]
    quick: bool,
    /// Only these parts: writes, look-ups, ingest, reads, analytics.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these systems, as the page names them.
    #[arg(long, value_delimiter = ',')]
    systems: Vec<String>,
    /// Traces of the data that all systems hold.
    #[arg(long, default_value_t = 10_000)]
    traces: u64,
    /// Traces of the data that Candor alone holds afterwards; none when 0.
    #[arg(long, default_value_t = 1_000_000)]
    many: u64,
    /// Rounds.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of one system in one round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Candor's program.
    #[arg(long, default_value = "target/release/candor")]
    candor: PathBuf,
    /// Write the page from what was measured before.
    #[arg(long)]
    render: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The ceiling of HTTP: answers with what it is sent.
    #[command(hide = true)]
    BareHttp {
        #[arg(long)]
        port: u16,
    },
}

const RESULTS: &str = "target/bench/results.json";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Command::BareHttp { port }) = arguments.command {
        return ceilings::serve_http(port).await;
    }
    std::fs::create_dir_all("target/bench")?;
    if arguments.render {
        return report::write(&Results::read(Path::new(RESULTS))?);
    }
    if arguments.quick {
        return quick(&arguments).await;
    }
    let mut results = Results::read(Path::new(RESULTS))?;
    let cluster = Cluster::start()?;
    let setting = Setting {
        candor: &arguments.candor,
        cluster: Some(&cluster),
        rounds: arguments.rounds,
        time: Duration::from_secs_f64(arguments.seconds),
    };
    let all = [Kind::Candor, Kind::CandorPostgres, Kind::Mlflow, Kind::MlflowPostgres, Kind::Phoenix, Kind::BareHttp];
    let is_wanted =
        |kind: &Kind| arguments.systems.is_empty() || arguments.systems.iter().any(|name| name == kind.name());
    let kinds: Vec<Kind> = all.into_iter().filter(is_wanted).collect();
    if arguments.traces > 0 {
        run::ceilings(BASE, setting, &mut results)?;
        let data = Data { traces: arguments.traces };
        let mut bench = Bench::fill(BASE, data, setting, &kinds, &mut results).await?;
        run_parts(&mut bench, &arguments.only, Some(Path::new(RESULTS))).await?;
    }
    if arguments.many > 0 {
        let data = Data { traces: arguments.many };
        let mut bench = Bench::fill(MANY, data, setting, &[Kind::Candor], &mut results).await?;
        run_parts(&mut bench, &arguments.only, Some(Path::new(RESULTS))).await?;
    }
    results.begin(BASE, "binary", "Candor");
    results.entry(BASE, "binary", "Candor").rounds.push(run::program_mib(&arguments.candor)?);
    results.write(Path::new(RESULTS))?;
    report::write(&results)
}

/// What all systems hold.
const BASE: &str = "10 thousand traces";
/// What is held for a quick look.
const FEW: &str = "300 traces";
/// What Candor alone holds.
const MANY: &str = "1 million traces";

/// Runs the parts and keeps what is measured after each, so that a late failure costs little.
async fn run_parts(bench: &mut Bench<'_>, only: &[String], kept_in: Option<&Path>) -> Result<()> {
    // Reads first: what the others write would be read, too.
    for part in ["analytics", "reads", "look-ups", "writes", "ingest"] {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == part) {
            continue;
        }
        match part {
            "analytics" => bench.analytics().await?,
            "reads" => bench.reads().await?,
            "look-ups" => bench.look_ups().await?,
            "writes" => bench.writes().await?,
            _ => bench.ingest().await?,
        }
        if let Some(file) = kept_in {
            bench.results.write(file)?;
        }
    }
    Ok(())
}

async fn quick(arguments: &Arguments) -> Result<()> {
    let mut results = Results::default();
    let setting = Setting { candor: &arguments.candor, cluster: None, rounds: 1, time: Duration::from_millis(400) };
    run::ceilings(FEW, setting, &mut results)?;
    let kinds = [Kind::Candor, Kind::Mlflow, Kind::BareHttp];
    let mut bench = Bench::fill(FEW, Data { traces: 300 }, setting, &kinds, &mut results).await?;
    run_parts(&mut bench, &arguments.only, None).await?;
    print!("{}", report::tables(&results));
    Ok(())
}
