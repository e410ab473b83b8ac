//! Axum routers: MLflow-compatible API, OTLP ingest, feedback API, analytics.
