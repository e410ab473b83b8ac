use std::time::Duration;

/// Bounds of a streamed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SseOptions {
    /// Tokens that follow one another within this time become one event. 25 ms by default; zero
    /// sends each as it comes.
    pub join_within: Duration,
    /// The longest text of one event, in bytes, unless a single token is longer. 4 KiB by default.
    pub join_bytes: usize,
    /// Events that wait for the reader, in bytes; no more tokens are asked for then. 64 KiB by default.
    pub unread_bytes: usize,
    /// Events that were read and are kept for a reader that comes back, in bytes. 256 KiB by default.
    pub replay_bytes: usize,
    /// How long a reader may take nothing although something waits. 30 s by default.
    pub stall_timeout: Duration,
    /// How long the next token may take. 60 s by default.
    pub token_timeout: Duration,
    /// When nothing happens, a comment is sent this often, so that proxies keep the connection. 15 s
    /// by default.
    pub keep_alive: Duration,
    /// The longest text that is recorded, in bytes; the rest is sent, but not recorded. 256 KiB by
    /// default.
    pub recorded_bytes: usize,
}

impl Default for SseOptions {
    fn default() -> Self {
        Self {
            join_within: Duration::from_millis(25),
            join_bytes: 4 << 10,
            unread_bytes: 64 << 10,
            replay_bytes: 256 << 10,
            stall_timeout: Duration::from_secs(30),
            token_timeout: Duration::from_secs(60),
            keep_alive: Duration::from_secs(15),
            recorded_bytes: 256 << 10,
        }
    }
}
