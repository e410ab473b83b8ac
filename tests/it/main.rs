//! End-to-end tests: the binary as a stranger runs it, the real MLflow server, the stock client.

#![expect(clippy::unwrap_used, reason = "a test that fails must stop")]

mod chat;
mod cli;
mod crash;
mod differential;
mod distributed;
mod guide;
mod mlflow_connect;
mod mlflow_store;
mod otel;
mod parity;
mod pending;
mod postgres;
mod robustness;
mod spool;
mod stock_ui;
mod transfer;
