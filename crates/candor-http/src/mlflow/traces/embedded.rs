use candor_model::{AssessmentId, TraceId};
use candor_wire::AssessmentInput;
use candor_wire::requests::StartTrace;
use sha2::{Digest, Sha256};

/// Gives every assessment that came with its trace, and without an id, one made of what it says.
///
/// Clients repeat a start of a trace whose answer got lost. An id that is the same at every repetition
/// lets the store see that the assessment is there already.
pub(super) fn name_by_content(request: &mut StartTrace) {
    let trace = request.info.trace_id;
    for assessment in request.assessments.iter_mut().filter(|assessment| assessment.assessment_id.is_none()) {
        assessment.assessment_id = content_id(trace, assessment);
    }
}

fn content_id(trace: TraceId, assessment: &AssessmentInput) -> Option<AssessmentId> {
    // Maps are ordered, so equal assessments have equal texts.
    let text = serde_json::to_vec(assessment).ok()?;
    let digest = Sha256::new().chain_update(trace.as_bytes()).chain_update(text).finalize();
    let (id, _) = digest.split_first_chunk::<16>()?;
    Some(AssessmentId::from_bytes(*id))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TRACE: &str = "tr-00112233445566778899aabbccddeeff";

    fn ids(trace: &str, assessments: Value) -> Vec<AssessmentId> {
        let body = json!({"trace": {"trace_info": {
            "trace_id": trace,
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
            "assessments": assessments,
        }}});
        let mut request: StartTrace = candor_wire::decode(body.to_string().as_bytes()).unwrap();
        name_by_content(&mut request);
        request.assessments.into_iter().map(|assessment| assessment.assessment_id.unwrap()).collect()
    }

    fn verdict(value: Value, metadata: Value) -> Value {
        json!({"assessment_name": "correct", "feedback": {"value": value}, "metadata": metadata,
            "create_time": "2026-01-02T03:04:05.678Z"})
    }

    #[test]
    fn the_id_depends_on_the_content_and_the_trace_only() {
        let (yes, no) = (verdict(json!(true), json!({"a": "1", "b": "2"})), verdict(json!(false), json!({})));
        let one = ids(TRACE, json!([yes, no]));
        assert_ne!(one[0], one[1]);
        let yes = verdict(json!(true), json!({"b": "2", "a": "1"}));
        assert_eq!(ids(TRACE, json!([no, yes])), [one[1], one[0]]);
        assert_ne!(ids("tr-00000000000000000000000000000001", json!([yes])), [one[0]]);
    }

    #[test]
    fn an_id_of_the_callers_choice_stays() {
        let id = "a-d2867d7fce284319b00cfbe3d9a35a4f";
        let mut yes = verdict(json!(true), json!({}));
        yes["assessment_id"] = json!(id);
        assert_eq!(ids(TRACE, json!([yes]))[0].to_string(), id);
    }
}
