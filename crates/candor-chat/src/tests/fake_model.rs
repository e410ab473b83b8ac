//! An endpoint that speaks OpenAI's streamed chat completions over a real socket.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What the fake does after its headers, in turn.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Sends these bytes one by one.
    Bytes(String),
    /// Does nothing for as long as it is asked.
    Hang,
    /// Closes the connection without an end.
    Break,
}

/// The event of a chunk with that text.
pub(super) fn chunk(text: &str) -> String {
    let json = serde_json::json!({"id": "chatcmpl-7", "choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {json}\n\n")
}

/// The events at the end of a complete answer.
pub(super) fn ending() -> String {
    let usage =
        serde_json::json!({"id": "chatcmpl-7", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 2}});
    format!("data: {usage}\n\ndata: [DONE]\n\n")
}

/// Starts the fake; returns its base URL and the requests that it gets.
pub(super) async fn start(acts: Vec<Act>) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let (acts, sender) = (acts.clone(), sender.clone());
            tokio::spawn(async move {
                let mut request = vec![0; 1 << 16];
                let mut read = 0;
                // The request's JSON ends the request; these tests send no other closing braces last.
                while !request[..read].ends_with(b"}") {
                    match stream.read(&mut request[read..]).await {
                        Ok(more) if more > 0 => read += more,
                        _ => return,
                    }
                }
                let _ = sender.send(String::from_utf8_lossy(&request[..read]).into_owned());
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                let _ = stream.write_all(head.as_bytes()).await;
                for act in acts {
                    match act {
                        Act::Bytes(text) => {
                            for byte in text.as_bytes() {
                                let part = [b"1\r\n".as_slice(), &[*byte], b"\r\n"].concat();
                                let _ = stream.write_all(&part).await;
                            }
                        }
                        Act::Hang => tokio::time::sleep(Duration::from_secs(3600)).await,
                        Act::Break => return,
                    }
                }
                let _ = stream.write_all(b"0\r\n\r\n").await;
            });
        }
    });
    (url, requests)
}
