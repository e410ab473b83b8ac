//! The versions of the schema, in the order in which they are applied.

use rusqlite_migration::{M, Migrations};

/// Stands in the header of every file of ours: "Cand" in ASCII.
pub(crate) const APPLICATION_ID: i64 = 0x4361_6e64;

const STEPS: &[M<'static>] = &[M::up(include_str!("migrations/0001_initial.sql"))];

/// Brings any older version up to date, one transaction per step.
pub(crate) const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The version that this program writes and reads.
pub(crate) const fn version() -> i64 {
    STEPS.len() as i64
}
