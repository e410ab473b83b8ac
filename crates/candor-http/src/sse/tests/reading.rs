//! Many readers at once, over real connections.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;
use crate::sse::Ending;

/// 2 MB of text in 20,000 tokens.
async fn long_answer() -> SseAnswer {
    SseAnswer::new(stream::iter((0..20_000).map(|n| Ok::<_, String>(format!("{n:>99} ")))))
}

fn endless_answer(heard: Heard) -> SseAnswer {
    SseAnswer::new(stream::repeat_with(|| Ok::<_, String>("x".repeat(100)))).recorded_by(heard)
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn connect(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_costs_little_and_keeps_two_hundred_fast_ones_from_nothing() {
    let heard = Heard::default();
    let endless = heard.clone();
    let app = Router::new()
        .route("/long", get(long_answer))
        .route("/endless", get(move || std::future::ready(endless_answer(endless.clone()))));
    let address = serve(app).await;

    let mut slow = connect(address, "/endless").await;
    let (enough, mut told) = oneshot::channel::<()>();
    let slow = tokio::spawn(async move {
        let mut read = 0;
        while told.try_recv().is_err() {
            read += slow.read(&mut [0; 1]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        read
    });
    let fast = (0..200).map(|_| {
        tokio::spawn(async move {
            let mut text = Vec::new();
            connect(address, "/long").await.read_to_end(&mut text).await.unwrap();
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains(r#"{"type":"done""#));
            text.matches(&format!("{:>99} ", 19_999)).count()
        })
    });
    for reader in fast.collect::<Vec<_>>() {
        assert_eq!(reader.await.unwrap(), 1);
    }
    enough.send(()).unwrap();
    assert!(slow.await.unwrap() > 0);
    // Beside our 64 KiB it is the kernel's buffers that fill up, some megabytes.
    let record = heard.record().await;
    assert!(matches!(record.ending, Ending::ReaderGone | Ending::ReaderStalled), "{:?}", record.ending);
    assert!(record.tokens < 500_000, "{} tokens were made for a reader that took a few bytes", record.tokens);
    assert!(record.text.len() <= SseOptions::default().recorded_bytes);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Wherever tokens begin and end, the reader puts the same text together.
    #[test]
    fn any_split_into_tokens_reads_the_same(texts in proptest::collection::vec(".{0,40}", 0..30), join_bytes in 1_usize..64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = SseOptions { join_bytes, ..SseOptions::default() };
            let tokens = stream::iter(texts.clone().into_iter().map(Ok::<_, String>));
            let events = events(SseAnswer::new(tokens).options(options)).await;
            assert_eq!(joined(&events), texts.concat());
        });
    }
}
