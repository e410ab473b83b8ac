//! SQL functions that make filters mean the same here as in `candor-filter`.

use candor_filter::{Pattern, like};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

/// Adds the functions to a connection.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("candor_like", 2, pure, |context| {
        matches(context, |pattern, text| like(pattern, text, false))
    })?;
    connection.create_scalar_function("candor_ilike", 2, pure, |context| {
        matches(context, |pattern, text| like(pattern, text, true))
    })?;
    connection.create_scalar_function("candor_rlike", 2, pure, |context| {
        // The pattern is the same for all rows of a statement: compile it once.
        let pattern = context.get_or_create_aux(0, |source| source.as_str().map(Pattern::new))?;
        matches(context, |_, text| pattern.is_match(text))
    })?;
    // SQLite's own addition turns into a double where the model stays at the end of the range.
    connection.create_scalar_function("candor_add", 2, pure, |context| {
        Ok(context.get::<i64>(0)?.saturating_add(context.get(1)?))
    })
}

/// An absent text fulfils nothing.
fn matches(context: &Context<'_>, test: impl FnOnce(&str, &str) -> bool) -> rusqlite::Result<bool> {
    match context.get_raw(1).as_str_or_null()? {
        Some(text) => Ok(test(context.get_raw(0).as_str()?, text)),
        None => Ok(false),
    }
}
