//! Verdicts that wait for their traces.

use std::collections::BTreeMap;

use candor_model::ExperimentId;
use candor_store::{NewAssessment, PendingQuery};

use crate::{Copied, Transfer, TransferError};

/// Hands the verdicts on hold over, as far as they belong to what is moved and the target holds any.
///
/// They stay in the source, too; an id that the target knows already makes it a retry.
pub(crate) async fn copy(
    transfer: &Transfer<'_>,
    twins: &BTreeMap<ExperimentId, ExperimentId>,
    copied: &mut Copied,
) -> Result<(), TransferError> {
    let holds = transfer.to.capabilities().holds_feedback;
    let mut query = PendingQuery::all(500);
    loop {
        let page = transfer.from.pending_feedback(&query).await.map_err(TransferError::Source)?;
        let items = page.items.into_iter().map(|held| held.item);
        let items: Vec<NewAssessment> = items.filter_map(|item| moved(item, twins, transfer.is_everything())).collect();
        let count = items.len() as u64;
        if !holds {
            copied.pending_left += count;
        } else if count > 0 {
            let answers = transfer.to.log_assessments(items).await.map_err(TransferError::Target)?;
            let taken = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
            copied.pending += taken;
            copied.pending_left += count - taken;
        }
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            return Ok(());
        }
    }
}

/// The verdict as the target knows its experiment; `None` when it belongs to something that is not moved.
fn moved(
    mut item: NewAssessment,
    twins: &BTreeMap<ExperimentId, ExperimentId>,
    everything: bool,
) -> Option<NewAssessment> {
    match item.target.experiment {
        Some(id) => item.target.experiment = Some(*twins.get(&id)?),
        None if !everything => return None,
        None => {}
    }
    Some(item)
}
