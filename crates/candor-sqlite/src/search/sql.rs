use rusqlite::types::Value;

/// SQL with its values apart: texts of a filter never become SQL.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sql {
    pub(crate) text: String,
    /// One for each `?` of the text, in order.
    pub(crate) values: Vec<Value>,
}

impl Sql {
    /// SQL without values.
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Appends SQL as it is.
    pub(crate) fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Appends a value.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// Appends values in parentheses, separated by commas.
    pub(crate) fn bind_list<T: Into<Value>>(self, values: impl IntoIterator<Item = T>) -> Self {
        let mut list = self.push("(");
        for (index, value) in values.into_iter().enumerate() {
            list = if index > 0 { list.push(", ") } else { list }.bind(value);
        }
        list.push(")")
    }

    /// Appends other SQL with its values.
    pub(crate) fn append(mut self, other: Self) -> Self {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// The same in parentheses.
    pub(crate) fn in_parentheses(self) -> Self {
        Self::new("(").append(self).push(")")
    }

    /// All of `parts` with `separator` between them.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let mut joined = Self::default();
        for (index, part) in parts.into_iter().enumerate() {
            joined = if index > 0 { joined.push(separator) } else { joined }.append(part);
        }
        joined
    }
}
