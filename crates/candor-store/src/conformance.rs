//! The suite that every back end runs: one function per promise of [`TrackingStore`].
//!
//! A case takes a store that holds nothing but the default experiment, and panics when a promise is
//! broken. Run them all with one macro call, here on a plain `Arc`:
//!
//! ```
//! mod conformance {
//!     use std::sync::Arc;
//!
//!     use candor_store::MemoryStore;
//!
//!     async fn open() -> Arc<MemoryStore> {
//!         Arc::new(MemoryStore::new())
//!     }
//!     candor_store::tracking_store_conformance!(open);
//! }
//! ```
//!
//! A back end that lives in a directory returns `(store, directory)`: see [`Fixture`]. What a back
//! end declares in [`Capabilities`](crate::Capabilities) that it cannot do, it must refuse as the
//! trait's docs say.
//!
//! The cases of [`mod@reference`] compare with [`MemoryStore`](crate::MemoryStore) on random data:
//! `CANDOR_PROPTEST_CASES` says on how much (256 when unset), `CANDOR_PROPTEST_SEED` on which.

#![expect(clippy::unwrap_used, reason = "cases panic to fail")]

pub mod arbitrary;
pub mod assessments;
pub mod experiments;
pub mod filters;
pub mod gaps;
pub mod load;
pub mod metrics;
pub mod pending;
pub mod reference;
pub mod samples;
pub mod search;
pub mod spans;
pub mod stats;
mod support;
pub mod targets;
pub mod traces;
pub mod verdicts;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::{DynTrackingStore, TrackingStore};

/// A fresh store together with whatever must outlive it.
pub trait Fixture: Send + Sync {
    /// The store.
    fn store(&self) -> &DynTrackingStore;
}

impl<S: TrackingStore> Fixture for Arc<S> {
    fn store(&self) -> &DynTrackingStore {
        &**self
    }
}

impl Fixture for Arc<DynTrackingStore> {
    fn store(&self) -> &DynTrackingStore {
        &**self
    }
}

/// A store, and a guard that is dropped after it, e.g. of a temporary directory.
impl<S: Fixture, G: Send + Sync> Fixture for (S, G) {
    fn store(&self) -> &DynTrackingStore {
        self.0.store()
    }
}

/// One promise and how to check it, for runners other than the macro.
#[derive(Clone, Copy)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
    /// Checks it on a fresh store and panics if it is broken; needs [`block_on`].
    pub run: CaseFn,
}

/// A case as a value.
pub type CaseFn = for<'a> fn(&'a DynTrackingStore) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Runs a case in a runtime of its own, with two threads, so that calls may overlap.
pub fn block_on<F: Future>(case: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(case)
}

/// Every case, in the order of the list.
pub fn cases() -> Vec<Case> {
    crate::tracking_store_conformance!(@list values [])
}

/// Makes a test of every case. `$open` is an `async fn` without parameters that returns a
/// [`Fixture`](crate::conformance::Fixture) with a fresh store.
#[macro_export]
macro_rules! tracking_store_conformance {
    ($open:path) => { $crate::tracking_store_conformance! { @list tests [$open] } };

    // The one list of cases.
    (@list $then:ident [$($args:tt)*]) => {
        $crate::tracking_store_conformance! { @$then [$($args)*]
            experiments {
                default_experiment_is_there_from_the_start
                created_experiment_reads_back
                experiment_names_are_unique_and_case_sensitive
                unknown_experiment_is_none
                deleted_experiment_is_readable_and_can_be_restored
                deleted_experiment_refuses_changes
                renamed_experiment_frees_its_name
                experiment_tags_come_and_go
                experiments_are_found_by_stage_and_filter
                experiments_are_ordered
                experiments_are_paged_exactly_once
                experiment_page_tokens_belong_to_their_query
            }
            traces {
                started_trace_reads_back_whole
                started_trace_says_where_its_spans_are
                starting_again_merges
                starting_again_moves_the_trace
                traces_of_a_batch_do_not_fail_each_other
                over_long_session_is_refused
                traces_are_read_in_the_order_asked_for
                embedded_assessments_are_logged_once
                embedded_overrides_count
                embedded_assessment_of_another_trace_is_refused
                trace_tags_come_and_go
                deleted_traces_take_everything_with_them
                traces_are_deleted_by_id_within_their_experiment
                oldest_traces_are_deleted_first
            }
            spans {
                spans_read_back_whole
                spans_alone_make_a_trace
                spans_and_start_may_come_in_either_order
                span_sent_again_replaces_the_first
                spans_stand_roots_first_then_by_start
                one_batch_may_hold_several_traces
                refused_span_batch_writes_nothing
                deleted_experiment_takes_spans
                spans_leave_a_known_trace_where_it_is
                token_usage_is_summed_over_all_batches
                costs_do_not_depend_on_the_order_of_arrival
                gen_ai_attributes_are_understood
                a_trace_without_its_root_is_in_progress
            }
            assessments {
                assessment_reads_back_whole
                every_kind_of_value_survives
                unknown_trace_is_refused
                assessments_of_a_batch_do_not_fail_each_other
                assessments_stand_by_creation_time
                target_span_becomes_the_assessments_span
                update_changes_only_what_it_names
                update_of_the_wrong_kind_is_refused
                missing_trace_and_missing_assessment_are_told_apart
                deleted_assessment_is_gone
            }
            verdicts {
                override_invalidates_the_earlier
                override_of_nothing_is_refused
                validity_follows_the_last_overrider
                new_verdict_replaces_the_persons_last
                verdicts_of_another_key_are_left_alone
                anonymous_verdicts_stand_alone
                retraction_leaves_nothing_valid
                deleted_retraction_brings_the_verdict_back
                verdict_may_become_a_retraction
                newest_verdict_is_told_by_creation_time
                verdicts_of_one_batch_replace_each_other
                explicit_override_goes_before_the_natural_key
                same_id_twice_is_logged_once
                id_of_another_trace_is_refused
                retry_finds_its_trace_though_a_newer_one_fits
            }
            targets {
                every_id_finds_its_trace
                newest_trace_of_a_request_is_meant
                session_of_several_traces_is_ambiguous
                ids_together_must_agree
                target_looks_in_its_experiment
                targets_follow_changes
            }
            pending {
                verdict_waits_for_its_trace
                verdict_does_not_wait_for_a_trace_that_is_there
                waiting_verdicts_are_found_by_every_id
                retry_while_waiting_is_the_same_verdict
                waiting_verdicts_are_attached_in_the_order_they_came
                verdict_that_cannot_be_attached_stays_on_hold
                ambiguous_verdict_stays_on_hold
                verdict_that_comes_twice_counts_once
                waiting_verdict_keeps_to_its_experiment
                refused_trace_leaves_verdicts_on_hold
                waiting_verdicts_are_listed_and_paged
                deletion_leaves_verdicts_on_hold
            }
            search {
                traces_are_listed_newest_first
                search_keeps_to_its_experiments
                traces_are_ordered
                paging_survives_changes
                page_tokens_belong_to_their_query
                found_traces_are_whole
            }
            filters {
                numbers_are_filtered
                texts_are_filtered
                spans_are_filtered
                old_spans_are_not_searched
                feedback_is_filtered
                feedback_conditions_are_independent
                issues_are_filtered
                session_verdicts_speak_for_the_session
            }
            stats {
                stats_count_valid_feedback
                stats_know_two_time_axes
                stats_keep_to_their_sources_and_experiments
                series_equal_their_periods
                values_are_counted_by_name
                segments_divide_verdicts
                comments_are_paged_latest_first
                feedback_is_told_in_the_order_it_came
                filters_overlap
            }
            metrics {
                metrics_match_reference
                counts_of_nothing_are_zero
            }
            load {
                racing_verdicts_leave_exactly_one_valid
                racing_retries_are_one_verdict
                racing_writers_lose_nothing
                racing_span_batches_of_one_trace_are_merged
                long_and_odd_texts_survive
                a_thousand_assessments_on_one_trace
                pages_cover_every_trace_exactly_once
            }
            reference {
                filter_matches_reference
                stats_match_reference
                writes_match_reference
            }
        }
    };

    (@tests [$open:path] $($group:ident { $($case:ident)+ })+) => { $($(
        #[test]
        fn $case() {
            $crate::conformance::block_on(async {
                let fixture = $open().await;
                $crate::conformance::$group::$case($crate::conformance::Fixture::store(&fixture)).await;
            });
        }
    )+)+ };

    (@values [] $($group:ident { $($case:ident)+ })+) => {
        ::std::vec![$($($crate::conformance::Case {
            name: stringify!($case),
            run: |store| ::std::boxed::Box::pin($crate::conformance::$group::$case(store)),
        }),+),+]
    };
}

#[cfg(test)]
mod tests;
