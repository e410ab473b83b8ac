use std::process::ExitCode;

use anyhow::Context;
use candor::StoreUrl;
use candor::sqlite::{Report, SqliteStore};

use crate::cli::DoctorArguments;

pub(crate) async fn run(arguments: DoctorArguments) -> anyhow::Result<ExitCode> {
    println!("candor {}", env!("CARGO_PKG_VERSION"));
    match &arguments.store.url {
        StoreUrl::Sqlite(path) => {
            let store =
                SqliteStore::open_read_only(path).with_context(|| format!("cannot open {}", arguments.store.url))?;
            let report = store.report().await?;
            print(&report);
            Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        url => {
            println!("{url} keeps nothing that could be looked at");
            Ok(ExitCode::SUCCESS)
        }
    }
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
        ("integrity", if report.problems.is_empty() { "sound".to_owned() } else { report.problems.join("; ") }),
    ];
    for (name, value) in rows {
        println!("{name:<17} {value}");
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
