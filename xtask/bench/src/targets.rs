//! What was aimed at, and whether it was reached.

use crate::results::Results;
use crate::{BASE, MANY};

/// One aim.
pub(crate) struct Target {
    pub(crate) workload: &'static str,
    pub(crate) aim: &'static str,
    /// The figure, once all that it needs was measured.
    pub(crate) figure: Option<f64>,
    pub(crate) unit: &'static str,
    limit: Limit,
}

enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    pub(crate) fn is_reached(&self) -> Option<bool> {
        self.figure.map(|figure| match self.limit {
            Limit::AtLeast(least) => figure >= least,
            Limit::AtMost(most) => figure <= most,
        })
    }
}

/// All of them.
pub(crate) fn all(results: &Results) -> Vec<Target> {
    use Limit::{AtLeast, AtMost};
    let median = |size: &str, workload: &str, system: &str| Some(results.find(size, workload, system)?.median());
    let base = |workload: &str, system: &str| median(BASE, workload, system);
    let many = |workload: &str| median(MANY, workload, "Candor");
    let ratio = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
    let times_mlflow = |workload: &str| ratio(base(workload, "Candor"), base(workload, "MLflow"));
    let times_faster = |workload: &str| ratio(base(workload, "MLflow"), base(workload, "Candor"));

    let writes = "feedback writes, 32 clients";
    let ceiling = base(writes, "bare HTTP")
        .into_iter()
        .chain(base("bare SQLite, rows of 100 per commit", "bare SQLite"))
        .reduce(f64::min);
    let one_call = ratio(Some(1e3), base("feedback writes, 1 client", "Candor"));
    let one_commit = ratio(Some(1e3), base("bare SQLite, rows of one commit each", "bare SQLite"));
    let one_trip = ratio(Some(1e3), base("feedback writes, 1 client", "bare HTTP"));
    let floor = one_commit.zip(one_trip).map(|(commit, trip)| commit + trip);
    let look_up = "look-up and write, feedback API, 8 clients";
    let slowest_of = |workloads: &[&str]| workloads.iter().filter_map(|workload| many(workload)).reduce(f64::max);
    let reports = ["summary", "ratings", "daily series"];
    let counted_by_client = median(MANY, "analysis by a client that reads every trace", "Candor");
    let sum_of_reports = reports.iter().map(|report| many(report)).sum::<Option<f64>>();
    let pages = ["newest", "by feedback", "by tag"].map(|by| format!("search page of 100, {by}"));
    let pages = pages.iter().map(String::as_str).chain(["slowest of 200 pages of 100"]).collect::<Vec<_>>();
    let target = |workload, aim, figure, unit, limit| Target { workload, aim, figure, unit, limit };
    vec![
        target(writes, "100 times MLflow on SQLite", times_mlflow(writes), "×", AtLeast(100.0)),
        target(
            writes,
            "99 of 100 below 10 ms",
            results.find(BASE, writes, "Candor").and_then(|measured| measured.p99()),
            " ms",
            AtMost(10.0),
        ),
        target(
            writes,
            "70 % of the lower ceiling",
            ratio(base(writes, "Candor"), ceiling).map(|share| share * 100.0),
            " %",
            AtLeast(70.0),
        ),
        target(
            "feedback writes, 1 client",
            "1.3 times one bare commit and one bare round trip",
            ratio(one_call, floor),
            "×",
            AtMost(1.3),
        ),
        target(
            "look-up by client request id, and write, by MLflow's two calls on both",
            "100 times MLflow",
            times_mlflow("look-up and write, as MLflow's client does, 8 clients"),
            "×",
            AtLeast(100.0),
        ),
        target(
            "the same in one call of Candor's feedback API, beside MLflow's two",
            "100 times MLflow",
            ratio(base(look_up, "Candor"), base("look-up and write, as MLflow's client does, 8 clients", "MLflow")),
            "×",
            AtLeast(100.0),
        ),
        target(
            "look-up by client request id, and write",
            "1.2 times slower at a million traces than at ten thousand",
            ratio(base(look_up, "Candor"), many(look_up)),
            "×",
            AtMost(1.2),
        ),
        target(
            "OTLP, 3 spans per request",
            "100 times MLflow",
            times_mlflow("OTLP spans, 3 per request, 32 clients"),
            "×",
            AtLeast(100.0),
        ),
        target(
            "OTLP, 100 spans per request",
            "40 times MLflow",
            times_mlflow("OTLP spans, 100 per request, 8 clients"),
            "×",
            AtLeast(40.0),
        ),
        target("one trace read", "50 times MLflow", times_mlflow("one trace read, 8 clients"), "×", AtLeast(50.0)),
        target("search page of 500", "20 times MLflow", times_faster("search page of 500, newest"), "×", AtLeast(20.0)),
        target(
            "summary, ratings, daily series at a million traces",
            "each below 5 ms",
            slowest_of(&reports),
            " ms",
            AtMost(5.0),
        ),
        target(
            "summary, ratings, daily series at ten thousand traces",
            "1,000 times the loop of a client, on MLflow",
            ratio(
                base("analysis by a client that reads every trace", "MLflow"),
                reports.iter().map(|report| base(report, "Candor")).sum::<Option<f64>>(),
            ),
            "×",
            AtLeast(1000.0),
        ),
        target(
            "summary, ratings, daily series at a million traces",
            "1,000 times the loop of a client, both on Candor",
            ratio(counted_by_client, sum_of_reports),
            "×",
            AtLeast(1000.0),
        ),
        target(
            "search pages of 100 at a million traces: newest, by feedback, by tag, and 200 pages deep without a filter",
            "below 10 ms",
            slowest_of(&pages),
            " ms",
            AtMost(10.0),
        ),
        target("memory at rest", "20 MiB", base("memory at rest", "Candor"), " MiB", AtMost(20.0)),
        target("memory under load", "150 MiB", base("memory under load", "Candor"), " MiB", AtMost(150.0)),
        target("start-up with a million traces", "below 50 ms", many("start-up, filled"), " ms", AtMost(50.0)),
        target("disk per trace", "a third of MLflow's", times_faster("disk per trace"), "× less", AtLeast(3.0)),
        target(
            "feedback writes on PostgreSQL, 32 clients",
            "50 times MLflow on the same",
            ratio(base(writes, "Candor on PostgreSQL"), base(writes, "MLflow on PostgreSQL")),
            "×",
            AtLeast(50.0),
        ),
        target(
            "feedback writes on PostgreSQL, 32 clients",
            "60 % of pgbench",
            ratio(base(writes, "Candor on PostgreSQL"), base("pgbench, single-row inserts, 32 clients", "pgbench"))
                .map(|share| share * 100.0),
            " %",
            AtLeast(60.0),
        ),
    ]
}
