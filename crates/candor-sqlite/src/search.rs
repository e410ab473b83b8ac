use candor_store::{Result, StoreError};

pub(crate) fn check_page_size(max_results: usize) -> Result<()> {
    match max_results {
        0 => Err(StoreError::Invalid { field: "max_results", reason: "must be positive".to_owned() }),
        _ => Ok(()),
    }
}
