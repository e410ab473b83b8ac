//! A user's verdict, brought to an MLflow server.
//!
//! `MLFLOW_TRACKING_URI=http://127.0.0.1:5000 cargo run --package candor-mlflow --example log_feedback -- TRACE_ID`

use candor_mlflow::{MlflowOptions, MlflowStore};
use candor_model::{AssessmentBody, Feedback, Source, TraceId, Value};
use candor_store::{Clock, NewAssessment, SystemClock, TrackingStoreExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let trace: TraceId = std::env::args().nth(1).ok_or("usage: log_feedback TRACE_ID")?.parse()?;
    let store = MlflowStore::connect(MlflowOptions::from_env()?).await?;

    let verdict = AssessmentBody::Feedback(Feedback::new(Value::Bool(true), None));
    let user = Source::human("ada")?;
    let mut item = NewAssessment::new(trace, "user_feedback".parse()?, user, verdict, SystemClock.now());
    item.rationale = Some("just what I needed".to_owned());
    item.supersede = true; // it replaces what ada said before

    let logged = store.log_assessment(item).await?;
    let assessment = logged.assessment().ok_or("MLflow holds nothing back")?;
    println!("{} is on {} at {}", assessment.name, assessment.trace_id, store.url());
    Ok(())
}
