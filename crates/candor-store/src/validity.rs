//! Which assessments of a trace count, told from the assessments alone.

use std::collections::HashSet;

use candor_model::{Assessment, AssessmentId};

/// Makes `valid` true of exactly those assessments of a trace that no other one overrides and that
/// withdraw nothing.
pub fn revalidate(all: &mut [Assessment]) {
    let overridden = overridden(all);
    for assessment in all {
        assessment.valid = !assessment.is_retraction() && !overridden.contains(&assessment.id);
    }
}

/// The verdict that `new` replaces when it is to supersede: see
/// [`NewAssessment::supersede`](crate::NewAssessment::supersede).
///
/// `all` are the assessments of the trace, by creation time, then in the order they were written.
pub fn current_verdict_like(all: &[Assessment], new: &Assessment) -> Option<AssessmentId> {
    new.source.source_id.as_ref()?;
    let overridden = overridden(all);
    let same_key = |old: &&Assessment| {
        old.span_id == new.span_id
            && old.name == new.name
            && old.source == new.source
            && old.body.kind() == new.body.kind()
    };
    let mut current = all.iter().filter(same_key).filter(|old| !overridden.contains(&old.id));
    current.next_back().map(|old| old.id)
}

fn overridden(all: &[Assessment]) -> HashSet<AssessmentId> {
    all.iter().filter(|by| by.overrides != Some(by.id)).filter_map(|by| by.overrides).collect()
}
