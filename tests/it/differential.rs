//! Random filters over random data: a sample agrees with the real MLflow server.
//!
//! The data and the filters are those that every back end of this workspace is held to.
//! `CANDOR_PROPTEST_SEED` picks others.

mod data;
mod metrics;
mod misread;
mod server;
mod stores;

use std::collections::BTreeMap;

use candor_filter::TraceFilter;
use candor_store::conformance::arbitrary::{filter_text, order_items};
use candor_tests::{Candor, Mlflow};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use self::data::Data;
use self::misread::misread;
use self::server::{Found, Server};

const TRACES: u32 = 60;
const SEARCHES: usize = 600;

#[test]
fn random_searches_find_the_same_traces_as_on_mlflow() {
    let (mlflow, candor) = (Mlflow::start(), Candor::start());
    let servers = [Server::new("MLflow", mlflow.url()), Server::new("Candor", candor.url())];
    let mut runner = runner();
    let data = Data::generate(TRACES, &mut runner);
    data.load(&servers);

    let mut tally = Tally::default();
    for _ in 0..SEARCHES {
        let search = Search::generate(&mut runner);
        match search.misread() {
            Some(reason) => *tally.left_out.entry(reason).or_default() += 1,
            None => {
                let [theirs, ours] = servers.each_ref().map(|server| search.run(server));
                tally.count(search, theirs, ours, data.trace_ids().len());
            }
        }
    }
    tally.print();
    tally.fail_on_mismatches(&data, &servers);
    assert!(tally.compared >= 300, "too few searches were compared");
    assert!(tally.telling * 3 >= tally.compared, "too few searches found some traces, but not all");
    assert!(tally.refused >= 20, "too few searches were refused");
}

fn runner() -> TestRunner {
    let seed = std::env::var("CANDOR_PROPTEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0_u64);
    let seed: Vec<u8> = seed.to_be_bytes().into_iter().cycle().take(32).collect();
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

/// A value of the strategy.
fn sample<T>(strategy: impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).unwrap().current()
}

/// One question, asked page by page.
#[derive(Debug)]
struct Search {
    filter: String,
    order_by: Vec<String>,
    experiments: Vec<i64>,
    max_results: usize,
}

impl Search {
    fn generate(runner: &mut TestRunner) -> Self {
        let experiments = prop_oneof![3 => Just(vec![0, 1, 2]), 1 => subsequence(vec![2, 424_242, 0, 1], 0..4)];
        let filter = prop_oneof![9 => filter_text(data::FIRST), 1 => spoilt(filter_text(data::FIRST))];
        let parts = (filter, order_items(), experiments, select(vec![9, 30, 500]));
        let (mut filter, order_by, experiments, max_results) = sample(parts, runner);
        if let Some(parsed) = TraceFilter::parse(&filter).ok().filter(TraceFilter::needs_spans) {
            // MLflow takes the comparators of spans in capitals only, which is how they are printed.
            filter = parsed.to_string();
        }
        Self { filter, order_by, experiments, max_results }
    }

    /// Why the servers would not agree, although the filter is valid.
    fn misread(&self) -> Option<&'static str> {
        misread(&TraceFilter::parse(&self.filter).ok()?)
    }

    fn run(&self, server: &Server) -> Found {
        let location =
            |id: &i64| json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id.to_string()}});
        server.search(json!({
            "locations": self.experiments.iter().map(location).collect::<Vec<_>>(),
            "filter": self.filter,
            "order_by": self.order_by,
            "max_results": self.max_results,
        }))
    }
}

/// Filters of which one word was replaced; few are still valid.
fn spoilt(filters: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let word = select(vec!["OR", "NOT", "()", "<>", "5", "NULL", "trace_id", "span.foo", "TAGS.k", "'", "IN", ">"]);
    (filters, any::<Index>(), word).prop_map(|(filter, index, word)| {
        let mut words: Vec<&str> = filter.split(' ').collect();
        *index.get_mut(&mut words) = word;
        words.join(" ")
    })
}

/// What came of the searches.
#[derive(Default)]
struct Tally {
    /// How many both servers were asked.
    compared: usize,
    /// How many of these found some of the traces.
    telling: usize,
    /// How many of these were refused.
    refused: usize,
    /// How many were not asked, by the reason.
    left_out: BTreeMap<&'static str, usize>,
    mismatches: Vec<(Search, Found, Found)>,
}

impl Tally {
    fn count(&mut self, search: Search, theirs: Found, ours: Found, traces: usize) {
        self.compared += 1;
        match theirs.ids() {
            Some(ids) => self.telling += usize::from((1..traces).contains(&ids.len())),
            None => self.refused += 1,
        }
        if theirs != ours {
            self.mismatches.push((search, theirs, ours));
        }
    }

    fn print(&self) {
        let Self { compared, telling, refused, .. } = self;
        println!("compared {compared} searches: {telling} found some traces but not all, {refused} were refused");
        let left_out: usize = self.left_out.values().sum();
        println!("left out {left_out}, since MLflow misreads them:");
        for (reason, count) in &self.left_out {
            println!("{count:5} {reason}");
        }
    }

    /// The simplest mismatches are shown, with the traces that one server found and the other did not.
    fn fail_on_mismatches(&self, data: &Data, servers: &[Server]) {
        const SHOWN: usize = 3;
        let mut mismatches: Vec<_> = self.mismatches.iter().collect();
        mismatches.sort_by_key(|(search, ..)| search.filter.len() + search.order_by.concat().len());
        for (search, theirs, ours) in mismatches.iter().take(SHOWN) {
            println!("\n{search:?}\nMLflow: {theirs:?}\nCandor: {ours:?}");
            let [theirs, ours] = [theirs, ours].map(|found| found.ids().unwrap_or_default());
            let of_one_only = |id: &&String| theirs.contains(id) != ours.contains(id);
            for id in theirs.iter().chain(ours).filter(of_one_only).take(SHOWN) {
                println!("{}", data.describe(id));
                servers.iter().for_each(|server| println!("as on {}: {:#}", server.name, server.trace_info(id)));
            }
        }
        assert!(mismatches.is_empty(), "{} of {} searches differ", mismatches.len(), self.compared);
    }
}
