use std::process::ExitCode;

use anyhow::Context;
use candor::analytics::{ReportOptions, experiment_named, report};
use candor::store::{Clock, SystemClock};

use crate::cli::{AnalyzeArguments, ReportFormat};

pub(crate) async fn run(arguments: AnalyzeArguments) -> anyhow::Result<ExitCode> {
    let url = &arguments.store.url;
    let store = url.open_read_only(arguments.store.options()).await.with_context(|| format!("cannot open {url}"))?;
    let experiment = experiment_named(store.as_ref(), &arguments.experiment.parse().context("--experiment")?).await?;
    let options = ReportOptions::default().in_experiment(experiment).last_hours(arguments.hours, SystemClock.now());
    let report = report(store.as_ref(), &options).await?;
    match arguments.format {
        ReportFormat::Table => {
            println!("Experiment {}, last {} hours", arguments.experiment, arguments.hours);
            print!("{report}");
        }
        ReportFormat::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    Ok(ExitCode::SUCCESS)
}
