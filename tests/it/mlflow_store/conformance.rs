//! The promises of a tracking store.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use candor_store::conformance::{self, block_on};
use candor_tests::Mlflow;
use candor_tests::python::Release;

use super::{connect, start};

#[test]
fn mlflow_keeps_the_promises_of_a_tracking_store() {
    assert_keeps_the_promises(&start());
}

#[test]
fn the_oldest_supported_mlflow_keeps_the_promises_of_a_tracking_store() {
    assert_keeps_the_promises(&Mlflow::start_from(&Release::Oldest.program()));
}

/// One server serves all cases, since it takes ten seconds to start; it forgets in between.
///
/// `CANDOR_CONFORMANCE_CASES` names some of them, separated by commas.
#[track_caller]
fn assert_keeps_the_promises(mlflow: &Mlflow) {
    let wanted = std::env::var("CANDOR_CONFORMANCE_CASES").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let mut broken = Vec::new();
    let cases = conformance::cases().into_iter();
    for case in cases.filter(|case| wanted.is_empty() || wanted.contains(&case.name)) {
        mlflow.reset();
        let begun = Instant::now();
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            block_on(async { (case.run)(&connect(mlflow).await).await });
        }));
        let took = begun.elapsed().as_secs_f64();
        println!("{} {} in {took:.1} s", if outcome.is_ok() { "ok    " } else { "BROKEN" }, case.name);
        if outcome.is_err() {
            broken.push(case.name);
        }
    }
    assert!(broken.is_empty(), "{} promises are broken: {broken:#?}", broken.len());
}
