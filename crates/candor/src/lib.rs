//! The candor binary and a facade over its crates.
