use super::*;

/// A function that is not in the list would never run.
#[test]
fn every_case_is_listed_once() {
    let sources = [
        include_str!("assessments.rs"),
        include_str!("experiments.rs"),
        include_str!("filters.rs"),
        include_str!("load.rs"),
        include_str!("metrics.rs"),
        include_str!("pending.rs"),
        include_str!("reference.rs"),
        include_str!("search.rs"),
        include_str!("spans.rs"),
        include_str!("stats.rs"),
        include_str!("targets.rs"),
        include_str!("traces.rs"),
        include_str!("verdicts.rs"),
    ];
    let mut written: Vec<&str> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.strip_prefix("pub async fn ")?.split_once("(store: &DynTrackingStore) {"))
        .map(|(name, _)| name)
        .collect();
    let mut listed: Vec<&str> = cases().iter().map(|case| case.name).collect();
    written.sort_unstable();
    listed.sort_unstable();
    assert_eq!(written, listed);
}

/// Filters that match all traces or none tell back ends apart badly.
#[test]
fn random_filters_divide_random_data() {
    use candor_filter::TraceFilter;
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    let store = crate::MemoryStore::new();
    let mut runner = TestRunner::deterministic();
    let data = arbitrary::data_set(0, 24).new_tree(&mut runner).unwrap().current();
    let (mut dividing, mut distinct) = (0, std::collections::HashSet::new());
    block_on(async {
        let experiments = arbitrary::Experiments::create(&store).await;
        data.load(&store, &experiments).await;
        for _ in 0..1000 {
            let text = arbitrary::filter_text(0).new_tree(&mut runner).unwrap().current();
            let mut query = support::query("");
            query.filter = TraceFilter::parse(&text).unwrap_or_else(|error| panic!("{error}\n{}", error.pointer()));
            query.experiments = (0..3).map(|n| experiments.id(samples::experiment_id(n))).collect();
            let found = support::all_ids(&store, query).await;
            dividing += usize::from(!found.is_empty() && found.len() < data.trace_ids().len());
            distinct.insert(found);
        }
    });
    assert!(dividing > 300 && distinct.len() > 100, "{dividing} of 1000 divide, {} answers", distinct.len());
}
