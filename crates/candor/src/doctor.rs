use std::process::ExitCode;

use anyhow::Context;
use candor::filter::ExperimentFilter;
use candor::postgres::{self, PostgresStore};
use candor::sqlite::{Report, SqliteStore};
use candor::store::{ExperimentQuery, ExperimentView, TrackingStore};
use candor::{DatabaseUrl, StoreUrl};

use crate::cli::DoctorArguments;

pub(crate) async fn run(arguments: DoctorArguments) -> anyhow::Result<ExitCode> {
    println!("candor {}", env!("CARGO_PKG_VERSION"));
    match &arguments.store.url {
        StoreUrl::Sqlite(path) => {
            let store =
                SqliteStore::open_read_only(path).with_context(|| format!("cannot open {}", arguments.store.url))?;
            let report = store.report().await?;
            print(&report);
            let is_sound = report.problems.is_empty() && report.rollup_differences == 0;
            Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        StoreUrl::Postgres(url) => {
            let options = url.options(arguments.store.options());
            let store =
                PostgresStore::connect_read_only(options).await.with_context(|| format!("cannot open {url}"))?;
            let report = store.report().await?;
            print_database(url, &report);
            Ok(if report.rollup_differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        StoreUrl::Mlflow(_) => server(&arguments.store.url).await,
        url => {
            println!("{url} keeps nothing that could be looked at");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether an MLflow server is there, of a version that works, and lets us in.
async fn server(url: &StoreUrl) -> anyhow::Result<ExitCode> {
    let cannot_use = || format!("cannot use {url}");
    let server = url.mlflow().with_context(cannot_use)?.context("the store is no server")?;
    server.check_version().await.with_context(cannot_use)?;
    let query = ExperimentQuery {
        view: ExperimentView::ActiveOnly,
        filter: ExperimentFilter::default(),
        order_by: Vec::new(),
        max_results: 1000,
        page_token: None,
    };
    let page = server.search_experiments(&query).await.with_context(cannot_use)?;
    let more = if page.next_page_token.is_some() { " or more" } else { "" };
    for (name, value) in [
        ("server", server.url().to_owned()),
        ("version", "one that works".to_owned()),
        ("experiments", format!("{}{more}", page.items.len())),
    ] {
        println!("{name:<17} {value}");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &Report) {
    let rows = [
        ("file", report.path.display().to_string()),
        ("schema version", report.schema_version.to_string()),
        ("SQLite version", report.sqlite_version.to_owned()),
        ("file size", mebibytes(report.file_bytes)),
        ("free inside", mebibytes(report.free_pages * report.page_bytes)),
        ("write-ahead log", mebibytes(report.log_bytes)),
        ("experiments", report.experiments.to_string()),
        ("traces", report.traces.to_string()),
        ("spans", report.spans.to_string()),
        ("assessments", report.assessments.to_string()),
        ("pending feedback", report.pending.to_string()),
        ("rollups", rollups(report.rollup_differences)),
        ("integrity", if report.problems.is_empty() { "sound".to_owned() } else { report.problems.join("; ") }),
    ];
    for (name, value) in rows {
        println!("{name:<17} {value}");
    }
}

fn print_database(url: &DatabaseUrl, report: &postgres::Report) {
    let rows = [
        ("database", url.to_string()),
        ("schema version", report.schema_version.to_string()),
        ("server version", report.server_version.clone()),
        ("size", mebibytes(report.database_bytes)),
        ("experiments", report.experiments.to_string()),
        ("traces", report.traces.to_string()),
        ("spans", report.spans.to_string()),
        ("assessments", report.assessments.to_string()),
        ("pending feedback", report.pending.to_string()),
        ("partitions", report.partitions.join(" ")),
        ("rollups", rollups(report.rollup_differences)),
    ];
    for (name, value) in rows {
        println!("{name:<17} {value}");
    }
}

fn rollups(differences: u64) -> String {
    match differences {
        0 => "equal to a recount".to_owned(),
        differences => format!("{differences} rows differ from a recount"),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
