//! The embedded SQLite tracking store.
