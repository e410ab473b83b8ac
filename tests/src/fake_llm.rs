//! An endpoint that speaks OpenAI's streamed chat completions.
//!
//! The official Python client reads it in a test, so that it is no friendlier than the real thing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

/// A fake model that says the same to everybody.
#[derive(Debug)]
pub struct FakeLlm {
    url: String,
}

impl FakeLlm {
    /// Starts a model that says these tokens; it ends with the test's process.
    pub fn start(tokens: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up is no failure of the fake's.
                thread::spawn(move || answer(stream, tokens).ok());
            }
        });
        Self { url }
    }

    /// The base URL, as clients of OpenAI's want it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn answer(mut stream: TcpStream, tokens: &[&str]) -> std::io::Result<()> {
    let request = read_json(&stream)?;
    assert_eq!(request["stream"], true, "only streamed answers are spoken here");
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")?;
    let chunk = |choices: Value| {
        json!({"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1_767_323_045, "model": request["model"],
               "choices": choices})
    };
    let delta = |delta: Value, finish: Value| chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]));
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(tokens.iter().map(|token| delta(json!({"content": token}), Value::Null)));
    events.push(delta(json!({}), json!("stop")));
    let mut usage = chunk(json!([]));
    usage["usage"] = json!({"prompt_tokens": 11, "completion_tokens": tokens.len(), "total_tokens": 11 + tokens.len()});
    events.push(usage);
    for event in events {
        // Small writes, so that readers see events in parts.
        for part in format!("data: {event}\n\n").as_bytes().chunks(7) {
            stream.write_all(part)?;
            stream.flush()?;
        }
    }
    stream.write_all(b"data: [DONE]\n\n")
}

/// The body of the request.
fn read_json(stream: &TcpStream) -> std::io::Result<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    serde_json::from_slice(&body).map_err(Into::into)
}
