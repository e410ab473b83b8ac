use super::OrderBy;
use crate::FilterError;

pub(super) fn trace_order(items: &[String]) -> Result<Vec<OrderBy>, FilterError> {
    match items.first() {
        None => Ok(Vec::new()),
        Some(item) => Err(FilterError::new("not read yet", item, 0..item.len())),
    }
}
