use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres};
use uuid::Uuid;

use crate::text::kept;

/// Where a value stands in the text until all are counted.
const HOLE: char = '\u{1}';

/// A value of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Float(f64),
    Text(String),
    Id(Uuid),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Ids(Vec<Uuid>),
}

/// SQL with its values apart: texts of a filter never become SQL.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sql {
    text: String,
    /// One for each hole of the text, in order.
    values: Vec<Value>,
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
    pub(crate) fn bind(mut self, value: Value) -> Self {
        self.text.push(HOLE);
        self.values.push(value);
        self
    }

    /// Appends a text, as columns hold it.
    pub(crate) fn bind_text(self, text: &str) -> Self {
        self.bind(Value::Text(kept(text).into_owned()))
    }

    /// Appends texts as one value, an array.
    pub(crate) fn bind_texts<'a>(self, texts: impl IntoIterator<Item = &'a String>) -> Self {
        self.bind(Value::Texts(texts.into_iter().map(|text| kept(text).into_owned()).collect()))
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

    /// The statement, ready to run.
    pub(crate) fn query(self) -> Query<'static, Postgres, PgArguments> {
        let mut text = String::with_capacity(self.text.len() + 2 * self.values.len());
        let mut number = 0;
        for character in self.text.chars() {
            match character {
                HOLE => {
                    number += 1;
                    text.push_str(&format!("${number}"));
                }
                other => text.push(other),
            }
        }
        // Kept prepared, a statement is soon planned without looking at its values, and then walks
        // whole months where an index has the few rows that fit.
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Int(number) => query.bind(number),
            Value::Float(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Id(id) => query.bind(id),
            Value::Ints(numbers) => query.bind(numbers),
            Value::Texts(texts) => query.bind(texts),
            Value::Ids(ids) => query.bind(ids),
        })
    }
}
