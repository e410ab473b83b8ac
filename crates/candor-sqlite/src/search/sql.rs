use candor_model::ExperimentId;
use rusqlite::types::Value;

use crate::convert::json_numbers;

/// The most values or conditions in a row; SQLite has limits from 1000 on.
const MANY: usize = 100;

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

    /// Appends texts in parentheses, separated by commas; many of them as one value.
    pub(crate) fn bind_texts(self, texts: Vec<String>) -> Self {
        match texts.len() {
            0..=MANY => self.bind_list(texts),
            _ => {
                let json = serde_json::Value::from(texts).to_string();
                self.push("(SELECT value FROM json_each(").bind(json).push("))")
            }
        }
    }

    /// Appends the numbers of experiments in parentheses, separated by commas; many of them as one value.
    pub(crate) fn bind_experiments(self, experiments: &[ExperimentId]) -> Self {
        let numbers = experiments.iter().map(|id| id.get());
        match experiments.len() {
            0..=MANY => self.bind_list(numbers),
            _ => self.push("(SELECT value FROM json_each(").bind(json_numbers(numbers)).push("))"),
        }
    }

    /// Appends values in parentheses, separated by commas.
    fn bind_list<T: Into<Value>>(self, values: impl IntoIterator<Item = T>) -> Self {
        let mut list = self.push("(");
        for (index, value) in values.into_iter().enumerate() {
            list = if index > 0 { list.push(", ") } else { list }.bind(value);
        }
        list.push(")")
    }

    /// Conditions that must all hold, nested so that no number of them is too deep for SQLite.
    pub(crate) fn all(conditions: Vec<Self>) -> Self {
        if conditions.len() <= MANY {
            return Self::join(conditions, " AND ");
        }
        let groups = conditions.chunks(MANY).map(|group| Self::join(group.to_vec(), " AND ").in_parentheses());
        Self::all(groups.collect())
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
