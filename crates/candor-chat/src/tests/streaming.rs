use axum::response::IntoResponse;
use candor_http::sse::SseAnswer;
use futures_util::stream;

use super::fake_model::{Act, chunk, start};
use super::*;
use crate::{EventReader, OpenAiResponder};

#[tokio::test]
async fn a_stream_tells_the_ids_first_and_last() {
    let app = App::offline();
    let events = events_of(&text_of(app.ask("/chat/stream", "Where does a verdict land?").await).await);
    let (first, last) = (&events[0], events.last().unwrap());
    assert_eq!(first["type"], "start");
    assert_eq!(last, &json!({"type": "done", "trace_id": first["trace_id"]}));
    assert!(joined(&events).starts_with("A verdict lands on its trace."));

    let trace = app.trace(&first["trace_id"]).await;
    assert_eq!(trace.info.client_request_id.as_ref().unwrap().as_str(), first["client_request_id"]);
    let root = span(&trace, "CHAIN");
    assert_eq!(root.outputs().unwrap().as_str().unwrap(), joined(&events));
    assert!(root.attributes.get("candor.stream.tokens").is_some());
    assert_eq!(root.attributes.get_str("candor.stream.ending"), Some("done"));
}

#[tokio::test]
async fn a_connection_that_breaks_is_taken_up_again() {
    let app = App::offline();
    let whole = text_of(app.ask("/chat/stream", "Where does a verdict land?").await).await;
    let seen = whole.lines().filter_map(|line| line.strip_prefix("id: ")).nth(1).unwrap();
    let body = json!({"message": "Where does a verdict land?"}).to_string();
    let rest = text_of(app.post("/chat/stream", &[("Last-Event-ID", seen)], &body).await).await;
    assert!(whole.ends_with(&rest));
    assert_eq!(events_of(&rest).len() + 2, events_of(&whole).len());

    // An answer that nobody knows any more is asked for anew.
    let anew = text_of(app.post("/chat/stream", &[("Last-Event-ID", "0123.4")], &body).await).await;
    assert_eq!(events_of(&anew)[0]["type"], "start");
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_spans_with_what_was_said() {
    let app = App::with(OfflineResponder::new(Duration::from_millis(100)));
    let mut body = app.ask("/chat/stream", "Where does a verdict land?").await.into_body();
    let mut text = String::new();
    while !text.contains("verdict") {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&frame).unwrap());
    }
    drop(body);
    tokio::time::sleep(PATIENCE + Duration::from_millis(100)).await; // it might have come back
    let trace = app.trace(&events_of(&text)[0]["trace_id"]).await;
    for kind in ["CHAIN", "LLM"] {
        let span = span(&trace, kind);
        assert_eq!(span.status.message, "cancelled", "{kind}");
        assert!(span.outputs().unwrap().as_str().unwrap().starts_with("A verdict"), "{kind}");
    }
}

#[tokio::test]
async fn a_model_that_hangs_is_an_error_event() {
    let (url, _requests) = start(vec![Act::Bytes(chunk("On its ")), Act::Hang]).await;
    let responder = OpenAiResponder::new(&url, "tiny", None).unwrap().timeout(Duration::from_millis(300));
    let app = App::with(responder);
    let events = events_of(&text_of(app.ask("/chat/stream", "Where?").await).await);
    assert_eq!(joined(&events), "On its ");
    assert_eq!(events.last().unwrap()["error"], "the model sent nothing for 0.3 s");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Networks deliver what was sent in parts of their own liking, also amid a character.
    #[test]
    fn a_streamed_answer_reads_the_same_however_its_bytes_are_cut(
        texts in proptest::collection::vec(".{0,30}", 0..12),
        cuts in proptest::collection::vec(0_usize..2000, 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tokens = stream::iter(texts.clone().into_iter().map(Ok::<_, String>));
        let sent = runtime.block_on(async { text_of(SseAnswer::new(tokens).into_response()).await });
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(sent.len())).collect();
        cuts.extend([0, sent.len()]);
        cuts.sort_unstable();
        let mut reader = EventReader::default();
        let parts = cuts.windows(2).map(|cut| &sent.as_bytes()[cut[0]..cut[1]]);
        let data = parts.flat_map(|part| reader.read(part).unwrap());
        let events: Vec<Value> = data.map(|data| serde_json::from_str(&data).unwrap()).collect();
        proptest::prop_assert_eq!(joined(&events), texts.concat());
        proptest::prop_assert_eq!(&events.last().unwrap()["type"], "done");
    }
}
