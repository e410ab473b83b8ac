//! Many readers at once, over real connections.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// 2 MB of text in 20,000 tokens.
async fn long_answer() -> SseAnswer {
    SseAnswer::new(stream::iter((0..20_000).map(|n| Ok::<_, String>(format!("{n:>99} ")))))
}

async fn connect(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_does_not_keep_two_hundred_fast_ones_waiting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(long_answer))).await });

    let mut slow = connect(address).await;
    let slow = tokio::spawn(async move {
        let mut read = 0;
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(5) {
            read += slow.read(&mut [0; 1]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        read
    });
    let fast = (0..200).map(|_| {
        tokio::spawn(async move {
            let mut text = Vec::new();
            connect(address).await.read_to_end(&mut text).await.unwrap();
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains(r#"{"type":"done""#));
            text.matches(&format!("{:>99} ", 19_999)).count()
        })
    });
    for reader in fast.collect::<Vec<_>>() {
        assert_eq!(reader.await.unwrap(), 1);
    }
    assert!(!slow.is_finished() || slow.await.unwrap() <= 6);
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
