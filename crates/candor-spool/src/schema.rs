//! The versions of the spool's schema, in the order in which they are applied.

use candor_sqlite::file::Layout;
use rusqlite_migration::{M, Migrations};

const STEPS: &[M<'static>] = &[M::up(include_str!("migrations/0001_initial.sql"))];

/// What a spool's file looks like; its application id is "CanS" in ASCII.
pub(crate) static LAYOUT: Layout = Layout {
    application_id: 0x4361_6e53,
    version: STEPS.len() as i64,
    migrations: Migrations::from_slice(STEPS),
    set_up_reader: |_| Ok(()),
};
