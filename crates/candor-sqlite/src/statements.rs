//! Shorthands for cached statements.

use rusqlite::{Connection, OptionalExtension, Params, Result, Row};

/// Runs SQL that is the same text each time, so that it is prepared once per connection.
pub trait Statements {
    /// Returns the number of rows that changed.
    ///
    /// # Errors
    /// The driver's.
    fn run(&self, sql: &str, params: impl Params) -> Result<usize>;

    /// The first row, if there is one.
    ///
    /// # Errors
    /// The driver's, and those of `read`.
    fn first<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<Option<T>>;

    /// Every row, collected.
    ///
    /// # Errors
    /// The driver's, and those of `read`.
    fn all<T, C: FromIterator<T>>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<C>;
}

impl Statements for Connection {
    fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    fn first<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        self.prepare_cached(sql)?.query_row(params, read).optional()
    }

    fn all<T, C: FromIterator<T>>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<C> {
        self.prepare_cached(sql)?.query_map(params, read)?.collect()
    }
}
