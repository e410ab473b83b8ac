//! What a streamed answer costs beside axum's own Server-Sent Events.
//!
//! Both serve the same tokens over loopback to the same reader, in turns; figures are medians and
//! their ratio. Then answers are opened that wait for their second token, and the process's memory
//! is looked at.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that fails must stop")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use candor_http::sse::{SseAnswer, SseOptions};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TOKENS: usize = 200_000;
const ROUNDS: usize = 7;
const WAITING: usize = 5_000;

#[tokio::main]
async fn main() {
    let address = serve().await;
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (path, rates) in ["/axum", "/each", "/joined"].iter().zip(&mut rates) {
            let begin = Instant::now();
            let bytes = read(address, path).await;
            assert!(bytes > TOKENS, "{path}: {bytes} bytes");
            rates.push(TOKENS as f64 / begin.elapsed().as_secs_f64());
        }
    }
    let [axum, each, joined] = rates.map(median);
    println!("tokens per second, {TOKENS} tokens, median of {ROUNDS}");
    println!("  axum's Sse                 {axum:>12.0}");
    println!("  SseAnswer, an event each   {each:>12.0}   {:.2} of axum's", each / axum);
    println!("  SseAnswer, joined          {joined:>12.0}   {:.2} of axum's", joined / axum);

    let before = resident_kib();
    let mut open = Vec::with_capacity(WAITING);
    for _ in 0..WAITING {
        let mut stream = connect(address, "/waiting").await;
        let mut start = [0; 64];
        assert!(stream.read(&mut start).await.unwrap() > 0);
        open.push(stream);
    }
    let each = (resident_kib() - before) as f64 / WAITING as f64;
    println!(
        "open answers: {each:.1} KiB each with both ends in this process, {:.0} per GiB",
        f64::from(1 << 20) / each
    );
}

async fn serve() -> SocketAddr {
    let app = Router::new()
        .route("/axum", get(async || Sse::new(tokens().map(|token| Ok::<_, Infallible>(event(&token))))))
        .route("/each", get(async || answer().options(each())))
        .route("/joined", get(async || answer()))
        .route("/waiting", get(async || SseAnswer::new(stream::pending::<Result<String, Infallible>>())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn tokens() -> impl futures_util::Stream<Item = String> + Send {
    stream::iter((0..TOKENS).map(|n| format!("token{n} ")))
}

fn event(token: &str) -> Event {
    Event::default().json_data(json!({"type": "token", "content": token})).unwrap()
}

fn answer() -> SseAnswer {
    SseAnswer::new(tokens().map(Ok::<_, Infallible>))
}

fn each() -> SseOptions {
    let mut options = SseOptions::default();
    options.join_within = Duration::ZERO;
    options
}

async fn connect(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn read(address: SocketAddr, path: &str) -> usize {
    let mut stream = connect(address, path).await;
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => return total,
            bytes => total += bytes,
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
