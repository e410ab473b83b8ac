use super::ExperimentFilter;
use crate::FilterError;

pub(super) fn filter(text: &str) -> Result<ExperimentFilter, FilterError> {
    if text.is_empty() {
        Ok(ExperimentFilter::default())
    } else {
        Err(FilterError::new("not read yet", text, 0..text.len()))
    }
}
