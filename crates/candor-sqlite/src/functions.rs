//! SQL functions that make filters mean the same here as in `candor-filter`.

use std::borrow::Cow;

use candor_filter::{Pattern, attribute_in_text, attribute_text, like};
use candor_model::AnyValue;
use candor_store::BoxError;
use candor_store::metrics::issue_text;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Connection, Error};

use crate::traces::packing::{pack, unpack};

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
    connection.create_scalar_function("candor_attribute", 2, pure, |context| {
        let needle = context.get_or_create_aux(0, |key| Ok::<_, FromSqlError>(json_key(key.as_str()?)))?;
        let content = match context.get_raw(1) {
            ValueRef::Blob(packed) => unpack(packed).map_err(Error::UserFunctionError)?.into(),
            text => Cow::Borrowed(text.as_str()?), // as up to version 5 of the schema
        };
        match content.contains(needle.as_str()) {
            true => attribute(&content, context.get_raw(0).as_str()?).map_err(Error::UserFunctionError),
            false => Ok(None),
        }
    })?;
    connection.create_scalar_function("candor_packed", 1, pure, |context| {
        pack(context.get_raw(0).as_str()?).map_err(|error| Error::UserFunctionError(error.into()))
    })?;
    connection.create_scalar_function("candor_unpacked", 1, pure, |context| {
        unpack(context.get_raw(0).as_blob()?).map_err(Error::UserFunctionError)
    })?;
    connection.create_scalar_function("candor_issue_text", 1, pure, |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(issue_text))
    })?;
    // SQLite's own addition turns into a double where the model stays at the end of the range.
    connection.create_scalar_function("candor_add", 2, pure, |context| {
        Ok(context.get::<i64>(0)?.saturating_add(context.get(1)?))
    })
}

/// The attribute's text; `None` when the span has none of that key.
fn attribute(content: &str, key: &str) -> Result<Option<String>, BoxError> {
    Ok(attribute_in_text(content, key)?.map(|value| attribute_text(&value).into_owned()))
}

/// The key as a span's text has it, which tells most spans without it at little cost.
fn json_key(key: &str) -> String {
    let pair = AnyValue::KvList(vec![(key.to_owned(), AnyValue::Empty)]);
    let json = attribute_text(&pair);
    let key = json.strip_prefix('{').and_then(|json| json.strip_suffix("null}"));
    key.unwrap_or(&json).to_owned()
}

/// An absent text fulfils nothing.
fn matches(context: &Context<'_>, test: impl FnOnce(&str, &str) -> bool) -> rusqlite::Result<bool> {
    match context.get_raw(1).as_str_or_null()? {
        Some(text) => Ok(test(context.get_raw(0).as_str()?, text)),
        None => Ok(false),
    }
}
