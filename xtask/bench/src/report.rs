//! The page, from what was measured.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::Result;

use crate::chart::{bars, short};
use crate::results::{Measured, Results};
use crate::{BASE, FEW, MANY, machine, targets};

const PAGE: &str = "docs/benchmarks.md";
const COMPARED: [&str; 8] = [
    "feedback writes, 1 client",
    "feedback writes, 32 clients",
    "feedback writes, 128 clients",
    "look-up and write, as MLflow's client does, 8 clients",
    "OTLP spans, 3 per request, 32 clients",
    "OTLP spans, 100 per request, 8 clients",
    "one trace read, 8 clients",
    "search page of 500, newest",
];
const COLUMNS: [&str; 8] = [
    "Candor",
    "Candor on PostgreSQL",
    "MLflow",
    "MLflow on PostgreSQL",
    "Phoenix",
    "bare HTTP",
    "bare SQLite",
    "pgbench",
];

/// Writes the page and its charts.
pub(crate) fn write(results: &Results) -> Result<()> {
    let ratios: Vec<(String, f64)> = COMPARED
        .into_iter()
        .filter_map(|workload| {
            let [ours, theirs] = ["Candor", "MLflow"].map(|system| results.find(BASE, workload, system));
            let (ours, theirs) = (ours?.median(), theirs?.median());
            let ratio = if unit(workload) == "ms" { theirs / ours } else { ours / theirs };
            Some((workload.to_owned(), ratio))
        })
        .collect();
    std::fs::write(
        "docs/images/bench-ratios.svg",
        bars("Candor beside MLflow, both on SQLite: times as fast", "×", &ratios),
    )?;
    let writes: Vec<(String, f64)> = COLUMNS
        .into_iter()
        .filter_map(|system| Some((system.to_owned(), results.find(BASE, COMPARED[1], system)?.median())))
        .collect();
    std::fs::write(
        "docs/images/bench-writes.svg",
        bars("Durable feedback writes per second, 32 clients", "/s", &writes),
    )?;

    let date = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
    let mut page = format!(
        "# Benchmarks\n\n\
         Candor beside its peers and beside what the machine gives at most. Written by `cargo xtask bench`; \
         figures are medians of the rounds, with the least and the most in parentheses, and mean something beside \
         each other only: machines differ, and this one is small and has the load generator on it, too.\n\n\
         | | |\n|---|---|\n| machine | {} |\n| versions | {} |\n| written | {date} |\n\n",
        machine::describe(),
        machine::versions(),
    );
    page.push_str("![Candor beside MLflow](images/bench-ratios.svg)\n\n![Writes](images/bench-writes.svg)\n\n");
    page.push_str(METHOD);
    page.push_str("## What was aimed at\n\n| workload | aim | measured | |\n|---|---|---|---|\n");
    for target in targets::all(results) {
        let figure =
            target.figure.map_or("not measured".to_owned(), |figure| format!("{}{}", short(figure), target.unit));
        let verdict = match target.is_reached() {
            Some(true) => "reached",
            Some(false) => "**missed**",
            None => "",
        };
        let _ = writeln!(page, "| {} | {} | {figure} | {verdict} |", target.workload, target.aim);
    }
    page.push('\n');
    page.push_str(COSTS);
    page.push_str(&tables(results));
    std::fs::write(PAGE, page.trim_end().to_owned() + "\n")?;
    println!("{PAGE} is written");
    Ok(())
}

const METHOD: &str = "\
## How it is measured\n\n\
- **Data**: traces of three spans, about a kilobyte of inputs and outputs each, spread over ninety days; three of \
five traces are judged. The same bytes go to everybody who speaks MLflow's API; Phoenix gets the same spans and its \
own span annotations.\n\
- **Load**: HTTP/1.1 over kept-alive connections, one request under way on each, the generator on one thread. \
Acknowledgements are sent at once (`TCP_QUICKACK`): `mlflow server` writes an answer in two pieces and would \
otherwise be measured waiting 40 ms for the kernel's delayed ones.\n\
- **Rounds** alternate between the systems, so that all of them meet the machine's moods.\n\
- **Durability**: Candor answers after a commit with `synchronous=FULL` (SQLite) or with PostgreSQL's defaults. \
MLflow's SQLite file is in SQLAlchemy's defaults: a rollback journal with `synchronous=FULL`. The bare loops commit \
as Candor does. Phoenix on SQLite commits with a write-ahead log and `synchronous=OFF`, and takes spans into memory \
first; where it answers 503 the request is sent again after 20 ms.\n\
- **Memory** is the proportional share (PSS) of the process and its children. **Disk** is what is there after a \
clean stop. MLflow runs with its default of four workers; Candor with `RUST_LOG=warn`, as behind a proxy that \
keeps the access log: a line per request costs it about 8 µs.\n\
- **Answers** are checked for their status; before a kind of page is measured all systems must find the same traces. \
A span attribute is looked for by a pattern, since MLflow finds none by `=`.\n\
- **What it does not show**: where the rounds of a row lie far apart the median says little, as in Phoenix's \
100 spans per request, which shows its 503s and no rate. A \
start-up with data follows the filling, so the file is in memory. Searches by span attribute are measured, but not \
aimed at. Instructions below were counted by hand with callgrind.\n\n\
`cargo xtask bench` measures all of it (about forty minutes), `--quick` a little of everything in two; \
`--only writes,reads` and `--systems Candor,MLflow` choose parts.\n\n";

const COSTS: &str = "\
## Where the time goes\n\n\
[What a write or a read costs](architecture.md#what-a-write-or-a-read-costs-in-sqlite) in SQLite is counted there; \
in instructions (callgrind) a verdict by request id is about 150 thousand in the store, of which the bare loop's row \
with its one index entry is a small part: a verdict has six, and is counted by hour and by day. With 8 to 32 clients \
(`perf record -e cpu-clock`) the writer's thread has about half of the time, the threads that read requests and write \
answers a third, the one that copies the log a sixth. Of the writer's own time a fifth goes into writing pages to the \
log, a tenth into SQLite's walk over its page cache at each commit, 7 % into checksums, 8 % into syncs; the rest is \
spread thin over SQLite's look-ups and index entries. A trial without syncs was less than a tenth faster with 32 \
clients, so what is missing there is not waiting. One client alone also waits for two hand-overs between threads. \
Of the 2.1 kB of a trace in SQLite three fifths are its three spans, compressed, with the index of their ids; a \
seventh are its tags and metadata, an eighth is the trace itself, each with its indexes; the rest is its feedback. On \
PostgreSQL a batch of verdicts is four or five journeys; most of its time goes into the look-ups and the new rows' index \
entries in the server, beside which the bench and Candor share the same two cores.\n\n";

/// All that was measured.
pub(crate) fn tables(results: &Results) -> String {
    let mut text = String::new();
    for size in [FEW, BASE, MANY] {
        let Some(workloads) = results.measured.get(size) else { continue };
        let systems: BTreeSet<&str> =
            workloads.values().flat_map(|systems| systems.keys().map(String::as_str)).collect();
        let columns: Vec<&str> = COLUMNS.into_iter().filter(|column| systems.contains(column)).collect();
        let _ = writeln!(text, "## {size}\n");
        let _ = writeln!(text, "| | {} |\n|---|{}", columns.join(" | "), "---|".repeat(columns.len()));
        for (workload, systems) in workloads {
            let cells: Vec<String> = columns
                .iter()
                .map(|column| systems.get(*column).map_or(String::new(), |measured| cell(measured, unit(workload))))
                .collect();
            let _ = writeln!(text, "| {workload} | {} |", cells.join(" | "));
        }
        text.push('\n');
    }
    text
}

fn cell(measured: &Measured, unit: &str) -> String {
    let mut cell = format!("{} {unit}", short(measured.median()));
    if measured.rounds.len() > 1 {
        let (least, most) = measured.spread();
        let _ = write!(cell, " ({}–{})", short(least), short(most));
    }
    if let Some(p99) = measured.p99() {
        let _ = write!(cell, ", p99 {} ms", short(p99));
    }
    cell
}

/// What a workload's figures are in.
fn unit(workload: &str) -> &'static str {
    let is = |beginnings: &[&str]| beginnings.iter().any(|beginning| workload.starts_with(beginning));
    if is(&["memory", "binary"]) {
        "MiB"
    } else if is(&["disk"]) {
        "KiB"
    } else if is(&["search", "slowest", "summary", "ratings", "daily", "analysis", "start-up"]) {
        "ms"
    } else {
        "/s"
    }
}
