//! MLflow's REST JSON and OTLP, to and from the model.
