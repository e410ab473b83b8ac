//! The suite, and what only this store promises.
