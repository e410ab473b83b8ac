//! The runs: every workload on every system in turn, several times around.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::ceilings::sqlite_commits_per_second;
use crate::data::Data;
use crate::load::{self, Connection, Outcome, Until, get};
use crate::postgres::Cluster;
use crate::results::Results;
use crate::systems::{Kind, System};
use crate::workloads::{self, Calls, Filling};

/// What is measured, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// Candor's program.
    pub(crate) candor: &'a Path,
    pub(crate) cluster: Option<&'a Cluster>,
    pub(crate) rounds: usize,
    /// Of one system in one round.
    pub(crate) time: Duration,
}

/// How a rate is made of calls.
const ONE: f64 = 1.0;

/// Systems that hold the same data, and what was measured of them.
pub(crate) struct Bench<'a> {
    /// What the data are called.
    pub(crate) size: &'a str,
    pub(crate) data: Data,
    pub(crate) setting: Setting<'a>,
    pub(crate) systems: Vec<System>,
    pub(crate) results: &'a mut Results,
    /// Persons and traces that the load has made so far.
    made: usize,
}

impl<'a> Bench<'a> {
    /// Starts systems and fills them.
    pub(crate) async fn fill(
        size: &'a str,
        data: Data,
        setting: Setting<'a>,
        kinds: &[Kind],
        results: &'a mut Results,
    ) -> Result<Self> {
        let mut bench = Self { size, data, setting, systems: Vec::new(), results, made: data.traces as usize };
        for kind in kinds {
            let mut system = System::start(*kind, setting.candor, setting.cluster).await?;
            bench.note("memory at rest", *kind, system.server()?.memory() as f64 / 1_048_576.0);
            bench.note("start-up, empty", *kind, system.server()?.start_up.as_secs_f64() * 1e3);
            let begun = Instant::now();
            let filling = Filling { data, kind: *kind };
            let clients = if kind.is_candor() { 32 } else { 8 };
            // Spans that come before infos are kept by all; a million infos would tell nothing new.
            let infos = if data.traces > 100_000 { None } else { Some(filling.infos()) };
            for (count, calls) in infos.into_iter().chain([filling.spans(), filling.verdicts()]) {
                if count > 0 && *kind != Kind::BareHttp {
                    load::run(system.address()?, clients, Until::Count(count), calls).await?;
                }
            }
            system.settle().await?;
            if kind.speaks_mlflow() {
                system.stop()?;
                let bytes = system.disk_bytes(setting.cluster)?;
                bench.note("disk per trace", *kind, bytes as f64 / 1024.0 / data.traces as f64);
                system.start_again().await?;
                bench.note("start-up, filled", *kind, system.server()?.start_up.as_secs_f64() * 1e3);
            }
            println!("{size}: {} is filled after {:.0?}", kind.name(), begun.elapsed());
            bench.systems.push(system);
        }
        Ok(bench)
    }

    fn note(&mut self, workload: &str, kind: Kind, value: f64) {
        self.results.begin(self.size, workload, kind.name());
        self.results.entry(self.size, workload, kind.name()).rounds.push(value);
    }

    /// Runs a workload on all systems that `calls` knows it for, in turn; `per_call` things per call.
    async fn rate(
        &mut self,
        workload: &str,
        clients: usize,
        per_call: f64,
        calls: impl Fn(Kind, usize) -> Option<Calls>,
    ) -> Result<()> {
        for round in 0..self.setting.rounds {
            for system in &self.systems {
                let kind = system.kind;
                let Some(calls) = calls(kind, self.made) else { continue };
                let outcome = load::run(system.address()?, clients, Until::Time(self.setting.time), calls).await;
                let outcome = outcome.with_context(|| format!("{workload} on {}", kind.name()))?;
                // Nobody gives a verdict twice: numbers of calls that were not made are left out.
                self.made += outcome.calls + clients;
                record(self.results, self.size, workload, kind.name(), round, &outcome, per_call);
                system.settle().await?; // or it would work while the next is measured
            }
        }
        self.print(workload, "/s");
        Ok(())
    }

    /// The same for single calls, whose latency counts.
    async fn latency(&mut self, workload: &str, calls: impl Fn(Kind) -> Option<Calls>) -> Result<()> {
        for round in 0..self.setting.rounds {
            for system in &self.systems {
                let Some(calls) = calls(system.kind) else { continue };
                let outcome = load::run(system.address()?, 1, Until::Time(self.setting.time), calls).await;
                let outcome = outcome.with_context(|| format!("{workload} on {}", system.kind.name()))?;
                let name = system.kind.name();
                if round == 0 {
                    self.results.begin(self.size, workload, name);
                }
                let entry = self.results.entry(self.size, workload, name);
                entry.rounds.push(outcome.quantile_ms(0.5));
                entry.p99_ms.push(outcome.quantile_ms(0.99));
            }
        }
        self.print(workload, " ms");
        Ok(())
    }

    fn print(&self, workload: &str, unit: &str) {
        for (system, measured) in
            self.results.measured.get(self.size).and_then(|all| all.get(workload)).into_iter().flatten()
        {
            let p99 = measured.p99().map(|p99| format!(", p99 {p99:.2} ms")).unwrap_or_default();
            println!("{}: {workload}: {system}: {:.2}{unit}{p99}", self.size, measured.median());
        }
    }

    /// Durable verdicts by more and more clients.
    pub(crate) async fn writes(&mut self) -> Result<()> {
        let data = self.data;
        for count in [1, 8, 32, 128] {
            let name = format!("feedback writes, {}", clients(count));
            self.rate(&name, count, ONE, |kind, first| Some(workloads::feedback(kind, data, first))).await?;
            let name = format!("feedback API, {}", clients(count));
            let own = |kind: Kind, first| kind.is_candor().then(|| workloads::own_feedback(data, first));
            self.rate(&name, count, ONE, own).await?;
        }
        let memory: Vec<_> =
            self.systems.iter().map(|system| Ok((system.kind, system.server()?.memory()))).collect::<Result<_>>()?;
        for (kind, memory) in memory {
            self.note("memory under load", kind, memory as f64 / 1_048_576.0);
        }
        Ok(())
    }

    /// Verdicts by the app's own id of the request.
    pub(crate) async fn look_ups(&mut self) -> Result<()> {
        let data = self.data;
        let two_calls = |kind: Kind, first| kind.speaks_mlflow().then(|| workloads::look_up(data, first));
        self.rate("look-up and write, as MLflow's client does, 8 clients", 8, ONE, two_calls).await?;
        let own = |kind: Kind, first| kind.is_candor().then(|| workloads::own_look_up(data, first));
        self.rate("look-up and write, feedback API, 8 clients", 8, ONE, own).await
    }

    /// New traces over OTLP.
    pub(crate) async fn ingest(&mut self) -> Result<()> {
        let data = self.data;
        for (spans, clients) in [(3, 32), (100, 8)] {
            let name = format!("OTLP spans, {spans} per request, {clients} clients");
            let calls = |kind: Kind, first| (kind != Kind::BareHttp).then(|| workloads::ingest(data, first, spans));
            self.rate(&name, clients, spans as f64, calls).await?;
        }
        Ok(())
    }

    /// Single traces and pages of a search.
    pub(crate) async fn reads(&mut self) -> Result<()> {
        let data = self.data;
        let read = |kind: Kind, _| kind.speaks_mlflow().then(|| workloads::read(data));
        self.rate("one trace read, 8 clients", 8, ONE, read).await?;
        for (name, filter, max_results) in [
            ("search page of 500, newest", "", 500),
            ("search page of 100, newest", "", 100),
            ("search page of 100, by feedback", "feedback.user_feedback = 'false'", 100),
            ("search page of 100, by tag", "tags.env = 'lab'", 100),
            ("search page of 100, by span attribute", "span.attributes.k RLIKE '^77$'", 100),
        ] {
            self.compare_pages(name, filter, max_results).await?;
            let page = |kind: Kind| kind.speaks_mlflow().then(|| workloads::search_page(filter, max_results));
            self.latency(name, page).await?;
        }
        self.deep_pages().await
    }

    /// Fails when a system finds other traces than the first does: a page that misses some is fast for nothing.
    async fn compare_pages(&self, workload: &str, filter: &str, max_results: usize) -> Result<()> {
        let mut expected = None;
        for system in self.systems.iter().filter(|system| system.kind.speaks_mlflow()) {
            let mut connection = Connection::open(system.address()?).await?;
            let page = workloads::walk_page(filter, max_results, None);
            let answer: serde_json::Value = serde_json::from_slice(connection.exchange(&page).await?)?;
            let traces = answer["traces"].as_array().into_iter().flatten();
            let found: Vec<_> = traces.map(|trace| trace["trace_id"].clone()).collect();
            let expected = expected.get_or_insert_with(|| found.clone());
            ensure!(
                !found.is_empty() && found == *expected,
                "{workload}: {} finds {} traces, others find {}",
                system.kind.name(),
                found.len(),
                expected.len()
            );
        }
        Ok(())
    }

    /// The slowest of the first two hundred pages.
    async fn deep_pages(&mut self) -> Result<()> {
        const WORKLOAD: &str = "slowest of 200 pages of 100";
        let mut slowest = Vec::new();
        for system in self.systems.iter().filter(|system| system.kind.speaks_mlflow()) {
            let mut connection = Connection::open(system.address()?).await?;
            let (mut token, mut worst) = (None::<String>, Duration::ZERO);
            for _ in 0..200 {
                let page = workloads::walk_page("", 100, token.as_deref());
                let sent = Instant::now();
                let answer: serde_json::Value = serde_json::from_slice(connection.exchange(&page).await?)?;
                worst = worst.max(sent.elapsed());
                match answer["next_page_token"].as_str() {
                    Some(next) => token = Some(next.to_owned()),
                    None => break,
                }
            }
            slowest.push((system.kind, worst.as_secs_f64() * 1e3));
        }
        for (kind, worst) in slowest {
            self.note(WORKLOAD, kind, worst);
        }
        self.print(WORKLOAD, " ms");
        Ok(())
    }

    /// What reports ask for, and what a client does that must count by itself.
    pub(crate) async fn analytics(&mut self) -> Result<()> {
        for (name, path) in [
            ("summary", "/api/v1/analytics/summary"),
            ("ratings", "/api/v1/analytics/ratings"),
            (
                "daily series",
                "/api/v1/analytics/series?bucket=day&from=2026-01-01T00:00:00Z&until=2026-04-01T00:00:00Z",
            ),
        ] {
            let call = |kind: Kind| kind.is_candor().then(|| Box::new(move |_| vec![get(path)]) as Calls);
            self.latency(name, call).await?;
        }
        const WORKLOAD: &str = "analysis by a client that reads every trace";
        let mut times = Vec::new();
        for system in self.systems.iter().filter(|system| system.kind.speaks_mlflow()) {
            let begun = Instant::now();
            let mut connection = Connection::open(system.address()?).await?;
            let (mut token, mut bytes, mut judged) = (None::<String>, 0, 0);
            loop {
                let page = workloads::walk_page("", 500, token.as_deref());
                let answer = connection.exchange(&page).await?;
                bytes += answer.len();
                let answer: serde_json::Value = serde_json::from_slice(answer)?;
                let traces = answer["traces"].as_array().map(Vec::as_slice).unwrap_or_default();
                judged += traces.iter().filter(|trace| trace["assessments"].is_array()).count();
                match answer["next_page_token"].as_str() {
                    Some(next) => token = Some(next.to_owned()),
                    None => break,
                }
            }
            println!("{}: {} MiB moved, {judged} judged traces", system.kind.name(), bytes >> 20);
            times.push((system.kind, begun.elapsed().as_secs_f64() * 1e3));
        }
        for (kind, time) in times {
            self.note(WORKLOAD, kind, time);
        }
        self.print(WORKLOAD, " ms");
        Ok(())
    }
}

fn record(
    results: &mut Results,
    size: &str,
    workload: &str,
    system: &str,
    round: usize,
    outcome: &Outcome,
    per_call: f64,
) {
    if round == 0 {
        results.begin(size, workload, system);
    }
    let entry = results.entry(size, workload, system);
    entry.rounds.push(outcome.per_second() * per_call);
    entry.p99_ms.push(outcome.quantile_ms(0.99));
}

/// What the machine gives at most.
pub(crate) fn ceilings(size: &str, setting: Setting<'_>, results: &mut Results) -> Result<()> {
    let mut note = |workload: &str, system: &str, round: usize, value: f64| {
        if round == 0 {
            results.begin(size, workload, system);
        }
        results.entry(size, workload, system).rounds.push(value);
    };
    for round in 0..setting.rounds {
        let single = sqlite_commits_per_second(1, setting.time)?;
        note("bare SQLite, rows of one commit each", "bare SQLite", round, single);
        note(
            "bare SQLite, rows of 100 per commit",
            "bare SQLite",
            round,
            sqlite_commits_per_second(100, setting.time)? * 100.0,
        );
        for count in [1, 32] {
            if let Some(cluster) = setting.cluster {
                let rate = cluster.inserts_per_second(count, setting.time)?;
                note(&format!("pgbench, single-row inserts, {}", clients(count)), "pgbench", round, rate);
            }
        }
    }
    Ok(())
}

/// So many clients, as the names of workloads say it.
fn clients(count: usize) -> String {
    if count == 1 { "1 client".to_owned() } else { format!("{count} clients") }
}

/// The size of a program, in MiB.
pub(crate) fn program_mib(program: &Path) -> Result<f64> {
    Ok(std::fs::metadata(program)?.len() as f64 / 1_048_576.0)
}
