//! The TrackingStore trait, its types, the in-memory store and the conformance suite.
