use super::*;

/// A function that is not in the list would never run.
#[test]
fn every_case_is_listed_once() {
    let sources = [
        include_str!("assessments.rs"),
        include_str!("experiments.rs"),
        include_str!("load.rs"),
        include_str!("pending.rs"),
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
