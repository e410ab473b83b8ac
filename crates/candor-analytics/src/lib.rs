//! Feedback rates and ratings over any tracking store.
