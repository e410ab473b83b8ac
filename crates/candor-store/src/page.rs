/// One page of a longer answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// Opaque; asks for the next page. `None` when this is the last.
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    /// An answer that has no further page.
    pub fn last(items: Vec<T>) -> Self {
        Self { items, next_page_token: None }
    }
}
