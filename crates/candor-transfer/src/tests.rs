use std::collections::BTreeMap;

use candor_model::{
    AnyValue, AssessmentBody, Experiment, ExperimentId, Feedback, LifecycleStage, TraceId, TraceInfo, Value, keys,
};
use candor_store::conformance::samples::{
    assessment_id, at, batch, child, experiment, root, trace, trace_id, trace_of_request, verdict, with_attributes,
};
use candor_store::{
    AssessmentUpdate, ExperimentChange, ExperimentKey, MemoryStore, NewAssessment, PendingQuery, TagChange,
    TrackingStore, TrackingStoreExt, WhenMissing,
};

use crate::{Copied, Transfer, TransferError, Unequal};

async fn copy(from: &MemoryStore, to: &MemoryStore) -> Copied {
    Transfer::new(from, to).copy(|_| ()).await.unwrap()
}

async fn assert_equal(from: &MemoryStore, to: &MemoryStore) {
    let comparison = Transfer::new(from, to).verify(|_| ()).await.unwrap();
    assert!(comparison.is_equal(), "{comparison:?}");
}

async fn created(store: &MemoryStore, name: &str) -> ExperimentId {
    store.create_experiment(experiment(name)).await.unwrap()
}

async fn named(store: &MemoryStore, name: &str) -> Experiment {
    store.get_experiment(&ExperimentKey::Name(name.parse().unwrap())).await.unwrap().unwrap()
}

async fn info(store: &MemoryStore, id: TraceId) -> TraceInfo {
    store.trace_info(id).await.unwrap().unwrap()
}

/// Traces with spans, and with verdicts of which some were changed.
async fn filled() -> MemoryStore {
    let store = MemoryStore::new();
    for n in 1..=250 {
        store.start_trace(trace_of_request(n, &format!("req-{n}"))).await.unwrap();
        let answer = with_attributes(child(n, 2, 1), &[(keys::SPAN_OUTPUTS, AnyValue::from("föö"))]);
        store.log_spans(batch(vec![root(n, 1), answer])).await.unwrap();
        for (round, value) in [(0, Value::Bool(true)), (1, Value::Bool(false))] {
            let item = NewAssessment { supersede: true, ..verdict(1000 * round + n, trace_id(n), "ann", value) };
            store.log_assessment(item).await.unwrap();
        }
    }
    store
}

#[tokio::test]
async fn everything_arrives_and_a_second_run_writes_nothing() {
    let (from, to) = (filled().await, MemoryStore::new());
    let mut told = Vec::new();
    let copied = Transfer::new(&from, &to).copy(|progress| told.push(progress.clone())).await.unwrap();
    assert_eq!((copied.written, copied.unchanged, copied.refused), (250, 0, 0));
    assert_eq!(told.iter().map(|progress| progress.traces_done).collect::<Vec<_>>(), [100, 200, 250]);
    assert!(told.iter().all(|progress| progress.traces_total == 250));
    assert_equal(&from, &to).await;
    assert_eq!(info(&to, trace_id(7)).await.assessments, info(&from, trace_id(7)).await.assessments);

    let again = copy(&from, &to).await;
    assert_eq!((again.written, again.unchanged), (0, 250));
}

#[tokio::test]
async fn what_changed_since_is_brought_up_to_date() {
    let (from, to) = (filled().await, MemoryStore::new());
    copy(&from, &to).await;
    let feedback = Some(Feedback::new(Value::from("maybe"), None));
    let update = AssessmentUpdate { feedback, rationale: Some("on reflection".into()), ..Default::default() };
    from.update_assessment(trace_id(3), assessment_id(1003), update, at(9000)).await.unwrap();
    let tag = TagChange::Delete { key: keys::TRACE_NAME.into() };
    from.update_trace_tag(trace_id(4), tag).await.unwrap();
    from.log_assessment(verdict(5000, trace_id(5), "bob", true)).await.unwrap();
    from.start_trace(trace(251)).await.unwrap();

    let again = copy(&from, &to).await;
    assert_eq!((again.written, again.unchanged), (4, 247));
    assert_equal(&from, &to).await;
}

#[tokio::test]
async fn experiments_are_matched_by_name() {
    let (from, to) = (MemoryStore::new(), MemoryStore::new());
    created(&to, "unrelated").await; // takes the id that the source has for "chat"
    let mut chat = experiment("chat");
    chat.tags = BTreeMap::from([("team".into(), "search".into())]);
    let chat = from.create_experiment(chat).await.unwrap();
    from.start_trace(TraceInfo { experiment_id: chat, ..trace(1) }).await.unwrap();

    copy(&from, &to).await;
    let twin = named(&to, "chat").await;
    assert_ne!(twin.id, chat);
    assert_eq!(twin.tags, named(&from, "chat").await.tags);
    assert_eq!(info(&to, trace_id(1)).await.experiment_id, twin.id);
    assert_equal(&from, &to).await;
}

#[tokio::test]
async fn deleted_experiments_are_deleted_there_too() {
    let (from, to) = (MemoryStore::new(), MemoryStore::new());
    let old = created(&from, "old").await;
    from.start_trace(TraceInfo { experiment_id: old, ..trace(1) }).await.unwrap();
    from.update_experiment(old, ExperimentChange::Delete, at(1)).await.unwrap();
    for _ in 0..2 {
        copy(&from, &to).await;
        assert_eq!(named(&to, "old").await.lifecycle_stage, LifecycleStage::Deleted);
        assert_equal(&from, &to).await;
    }
}

#[tokio::test]
async fn only_the_experiments_asked_for_are_moved() {
    let (from, to) = (filled().await, MemoryStore::new());
    let chat = created(&from, "chat").await;
    from.start_trace(TraceInfo { experiment_id: chat, ..trace(300) }).await.unwrap();
    let only = |name: &str| Transfer::new(&from, &to).only(vec![name.parse().unwrap()]);

    assert_eq!(only("chat").copy(|_| ()).await.unwrap().written, 1);
    assert_eq!(to.trace_info(trace_id(1)).await.unwrap(), None);
    let unknown = only("nothing of the kind").copy(|_| ()).await.unwrap_err();
    assert!(matches!(unknown, TransferError::UnknownExperiment(_)), "{unknown}");
}

#[tokio::test]
async fn a_trace_that_is_refused_does_not_stop_the_others() {
    let (from, to) = (filled().await, MemoryStore::new());
    // Its verdict's id belongs to another trace of the target.
    to.start_trace(trace(900)).await.unwrap();
    to.log_assessment(verdict(7, trace_id(900), "eve", true)).await.unwrap();

    let copied = copy(&from, &to).await;
    assert_eq!((copied.written, copied.refused), (249, 1));
    assert_eq!(copied.refusals[0].trace_id, trace_id(7));
    assert!(copied.refusals[0].error.to_string().contains("already exists"), "{}", copied.refusals[0].error);
}

#[tokio::test]
async fn traces_that_run_still_or_have_no_name_arrive_as_they_are() {
    let (from, to) = (MemoryStore::new(), MemoryStore::new());
    let mut running = trace(1);
    running.state = candor_model::TraceState::InProgress;
    from.log_spans(batch(vec![root(1, 1), root(2, 1)])).await.unwrap();
    from.start_trace(running).await.unwrap();
    from.start_trace(trace(2)).await.unwrap();
    from.update_trace_tag(trace_id(2), TagChange::Delete { key: keys::TRACE_NAME.into() }).await.unwrap();
    copy(&from, &to).await;
    assert_equal(&from, &to).await;
}

#[tokio::test]
async fn verdicts_on_hold_wait_on_the_other_side() {
    let (from, to) = (MemoryStore::new(), MemoryStore::new());
    let held = NewAssessment { when_missing: WhenMissing::Hold, ..verdict(1, trace_id(1), "ann", true) };
    from.log_assessment(held).await.unwrap();
    for _ in 0..2 {
        assert_eq!(copy(&from, &to).await.pending, 1);
        assert_eq!(to.pending_feedback(&PendingQuery::all(10)).await.unwrap().items.len(), 1);
    }
    to.start_trace(trace(1)).await.unwrap();
    assert_eq!(info(&to, trace_id(1)).await.assessments.len(), 1);
}

#[tokio::test]
async fn verifying_names_what_differs() {
    let (from, to) = (filled().await, MemoryStore::new());
    copy(&from, &to).await;
    from.start_trace(trace(251)).await.unwrap();
    to.start_trace(trace(252)).await.unwrap();
    let key = "team".parse().unwrap();
    to.update_trace_tag(trace_id(3), TagChange::Set { key, value: "search".into() }).await.unwrap();
    to.delete_assessment(trace_id(4), assessment_id(1004)).await.unwrap();

    let comparison = Transfer::new(&from, &to).verify(|_| ()).await.unwrap();
    assert_eq!((comparison.compared, comparison.missing, comparison.extra, comparison.different), (251, 1, 1, 2));
    let fields: Vec<String> = comparison
        .findings
        .iter()
        .flat_map(|finding| match finding {
            Unequal::Missing(id) => vec![format!("missing {id}")],
            Unequal::Extra(id) => vec![format!("extra {id}")],
            Unequal::Different(_, found) => found.iter().map(|difference| difference.field.clone()).collect(),
        })
        .collect();
    let (first, second) = (assessment_id(4), assessment_id(1004));
    assert_eq!(
        fields,
        [
            "tags.team".to_owned(),
            format!("assessments.{first}.valid"),
            format!("assessments.{second}"),
            format!("missing {}", trace_id(251)),
            format!("extra {}", trace_id(252)),
        ]
    );
}

#[test]
fn an_unknown_span_kind_is_no_difference() {
    let whole = |kind| candor_model::Trace { info: trace(1), spans: vec![candor_model::Span { kind, ..root(1, 1) }] };
    use candor_model::SpanKind::{Client, Server, Unspecified};
    assert_eq!(crate::differences(&whole(Server), &whole(Unspecified)), []);
    assert_eq!(crate::differences(&whole(Server), &whole(Client)).len(), 1);
}

#[test]
fn expectations_are_compared_too() {
    let with = |value| {
        let mut item = verdict(1, trace_id(1), "ann", true).on_trace(trace_id(1));
        item.body = AssessmentBody::Expectation(Value::from(value));
        candor_model::Trace { info: TraceInfo { assessments: vec![item], ..trace(1) }, spans: Vec::new() }
    };
    let found = crate::differences(&with("a"), &with("b"));
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().contains("\"a\""), "{}", found[0]);
}
