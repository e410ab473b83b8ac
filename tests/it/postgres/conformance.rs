//! The promises of a tracking store.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use candor_store::conformance::{self, block_on};
use candor_tests::Postgres;

use super::{assert_counts_are_true, connect};

/// One server serves all cases, each in a database of its own.
#[test]
fn postgres_keeps_the_promises_of_a_tracking_store() {
    let server = Postgres::start();
    let mut broken = Vec::new();
    for case in conformance::cases() {
        let database = server.database();
        let begun = Instant::now();
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            block_on(async {
                let store = connect(&database).await;
                (case.run)(&store).await;
                assert_counts_are_true(&store).await;
            });
        }));
        let took = begun.elapsed().as_secs_f64();
        println!("{} {} in {took:.1} s", if outcome.is_ok() { "ok    " } else { "BROKEN" }, case.name);
        if outcome.is_err() {
            broken.push(case.name);
        }
    }
    assert!(broken.is_empty(), "{} promises are broken: {broken:#?}", broken.len());
}
