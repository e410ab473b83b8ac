//! The versions of the schema, in the order in which they are applied.

use rusqlite_migration::{M, Migrations};

use crate::file::Layout;
use crate::functions;

/// Stands in the header of every file of ours: "Cand" in ASCII.
pub(crate) const APPLICATION_ID: i64 = 0x4361_6e64;

const STEPS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_initial.sql")),
    M::up(include_str!("migrations/0002_rollups.sql")),
    M::up(include_str!("migrations/0003_spans.sql")),
    M::up(include_str!("migrations/0004_counting.sql")),
    M::up(include_str!("migrations/0005_days.sql")),
    M::up(include_str!("migrations/0006_less_room.sql")),
    M::up(include_str!("migrations/0007_known_keys.sql")),
    M::up(include_str!("migrations/0008_fewer_indexes.sql")),
];

/// Brings any older version up to date, one transaction per step.
pub(crate) const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// What a file of a tracking store looks like.
pub(crate) static LAYOUT: Layout = Layout {
    application_id: APPLICATION_ID,
    version: version(),
    migrations: MIGRATIONS,
    set_up_reader: functions::register,
};

/// The version that this program writes and reads.
pub(crate) const fn version() -> i64 {
    STEPS.len() as i64
}
