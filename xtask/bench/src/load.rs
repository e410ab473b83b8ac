//! The load generator: HTTP/1.1 over kept-alive connections, each with one request under way.
//!
//! It is small so that it takes little of the machine from the server: one thread. Acknowledgements are sent at once (`TCP_QUICKACK`), or servers that write an answer in
//! two pieces would be measured waiting for the kernel's delayed ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long to wait for a server that says it is at capacity.
const PAUSE: Duration = Duration::from_millis(20);

/// The bytes of requests that belong together, sent one after the other.
pub(crate) type Call = Vec<Vec<u8>>;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After so long; calls under way are finished.
    Time(Duration),
    /// After so many calls.
    Count(usize),
}

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Calls answered.
    pub(crate) calls: usize,
    pub(crate) elapsed: Duration,
    /// How long each took, shortest first.
    pub(crate) latencies: Vec<Duration>,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.calls as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that a share of the calls stayed below, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let place = ((self.latencies.len() as f64 * share) as usize).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// Has `clients` make calls; `call(n)` is the n-th. Fails when an answer is not a good one.
pub(crate) async fn run(
    server: SocketAddr,
    clients: usize,
    until: Until,
    call: impl Fn(usize) -> Call + Send + Sync + 'static,
) -> Result<Outcome> {
    let (call, next) = (Arc::new(call), Arc::new(AtomicUsize::new(0)));
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(server).await?);
    }
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for mut connection in connections {
        let (call, next) = (Arc::clone(&call), Arc::clone(&next));
        running.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let is_over = match until {
                    Until::Time(time) => begun.elapsed() >= time,
                    Until::Count(count) => number >= count,
                };
                if is_over {
                    return Ok::<_, anyhow::Error>(latencies);
                }
                let requests = call(number);
                let sent = Instant::now();
                for request in &requests {
                    connection.exchange(request).await?;
                }
                latencies.push(sent.elapsed());
            }
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = running.join_next().await {
        latencies.extend(done??);
    }
    let elapsed = begun.elapsed();
    ensure!(!latencies.is_empty(), "no call was answered");
    latencies.sort_unstable();
    Ok(Outcome { calls: latencies.len(), elapsed, latencies })
}

/// A kept-alive connection.
pub(crate) struct Connection {
    server: SocketAddr,
    stream: TcpStream,
    /// What was read of the answer.
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("cannot connect to {server}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { server, stream, answer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request, again while the server is at capacity, and returns the body of its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        loop {
            match self.attempt(request).await? {
                Some(head) => return Ok(&self.answer[head..]),
                None => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Where the body of the answer begins; `None` when the server asks for a pause.
    async fn attempt(&mut self, request: &[u8]) -> Result<Option<usize>> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let head = loop {
            if let Some(end) = find(&self.answer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let text = String::from_utf8_lossy(&self.answer[..head]).to_ascii_lowercase();
        let header = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let is_chunked = header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
        match header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) => {
                while self.answer.len() < head + length {
                    self.read_more().await?;
                }
            }
            None if is_chunked => {
                while !self.answer.ends_with(b"0\r\n\r\n") {
                    self.read_more().await?;
                }
            }
            None => {} // 204
        }
        let status = text.split(' ').nth(1).unwrap_or_default();
        if status == "503" {
            return Ok(None);
        }
        if !status.starts_with('2') {
            let shown = String::from_utf8_lossy(&self.answer[head..]).chars().take(300).collect::<String>();
            let asked = String::from_utf8_lossy(&request[..request.len().min(120)]).into_owned();
            bail!("{status} from {}: {shown}\nto {asked}", self.server);
        }
        if header("connection").is_some_and(|connection| connection == "close") {
            let answer = std::mem::take(&mut self.answer);
            *self = Self::open(self.server).await?;
            self.answer = answer;
        }
        Ok(Some(head))
    }

    async fn read_more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.answer).await?;
        ensure!(read > 0, "{} has closed the connection", self.server);
        SockRef::from(&self.stream).set_tcp_quickack(true)?;
        Ok(())
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The bytes of a request with a JSON body.
pub(crate) fn json(method: &str, path: &str, body: &serde_json::Value) -> Vec<u8> {
    request(method, path, "content-type: application/json\r\n", body.to_string().as_bytes())
}

/// The bytes of a GET request.
pub(crate) fn get(path: &str) -> Vec<u8> {
    request("GET", path, "", &[])
}
