//! Points in time and durations, in the units that MLflow and OpenTelemetry use.

/// A point in time: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TimestampMs(i64);

impl TimestampMs {
    /// Wraps milliseconds since the Unix epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The time `duration` later, held at the ends of the range.
    pub const fn plus(self, duration: DurationMs) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// The time `duration` earlier, held at the ends of the range.
    pub const fn minus(self, duration: DurationMs) -> Self {
        Self(self.0.saturating_sub(duration.0))
    }
}

/// A length of time in milliseconds; negative when clocks disagreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DurationMs(i64);

impl DurationMs {
    /// Wraps a number of milliseconds.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// The number of milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The time from `start` to `end`.
    pub const fn between(start: TimestampMs, end: TimestampMs) -> Self {
        Self(end.0.saturating_sub(start.0))
    }
}

/// A point in time of a span: nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnixNanos(u64);

impl UnixNanos {
    /// Wraps nanoseconds since the Unix epoch.
    pub const fn from_nanos(ns: u64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The same time in milliseconds, rounded down.
    pub const fn to_millis(self) -> TimestampMs {
        TimestampMs((self.0 / 1_000_000) as i64)
    }
}
