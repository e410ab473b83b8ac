//! Readers that come back.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue};

use super::*;
use crate::sse::{Ending, LAST_EVENT_ID, ResumableAnswers};

fn last_seen(id: &str) -> HeaderMap {
    HeaderMap::from_iter([(LAST_EVENT_ID.parse().unwrap(), HeaderValue::from_str(id).unwrap())])
}

fn id_of(frame: &str) -> String {
    frame.lines().next().unwrap().strip_prefix("id: ").unwrap().to_owned()
}

/// An answer whose first two events were read before the connection broke, and the id of the last.
async fn broken_off(
    answers: &ResumableAnswers,
    heard: &Heard,
) -> (mpsc::UnboundedSender<Result<String, String>>, String) {
    let (sender, tokens) = hand_fed();
    let answer = SseAnswer::new(tokens).recorded_by(heard.clone()).resumable(answers).options(prompt());
    let mut body: Body = answer.into_response().into_body();
    sender.send(Ok("one ".into())).unwrap();
    frame(&mut body).await;
    let seen = id_of(&frame(&mut body).await);
    (sender, seen)
}

#[tokio::test]
async fn a_reader_that_comes_back_gets_exactly_what_it_missed() {
    let (answers, heard) = (ResumableAnswers::default(), Heard::default());
    let (sender, seen) = broken_off(&answers, &heard).await;
    sender.send(Ok("two ".into())).unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await; // produced while nobody reads
    let resumed = answers.resume(&last_seen(&seen)).unwrap();
    sender.send(Ok("three".into())).unwrap();
    drop(sender);
    let events = data_of(&text_of(resumed).await);
    assert_eq!(joined(&events), "two three");
    assert_eq!(events.last().unwrap()["type"], "done");
    assert_eq!(heard.record().await.ending, Ending::Done);
}

#[tokio::test]
async fn an_answer_that_ended_meanwhile_can_still_be_read_and_read_again() {
    let (answers, heard) = (ResumableAnswers::default(), Heard::default());
    let (sender, seen) = broken_off(&answers, &heard).await;
    sender.send(Ok("two".into())).unwrap();
    drop(sender);
    heard.record().await;
    for _ in 0..2 {
        let events = data_of(&text_of(answers.resume(&last_seen(&seen)).unwrap()).await);
        assert_eq!(joined(&events), "two");
    }
}

#[tokio::test]
async fn the_last_reader_is_the_one_that_is_served() {
    let (answers, heard) = (ResumableAnswers::default(), Heard::default());
    let (sender, seen) = broken_off(&answers, &heard).await;
    let first = answers.resume(&last_seen(&seen)).unwrap();
    let second = answers.resume(&last_seen(&seen)).unwrap();
    assert_eq!(text_of(first).await, "");
    sender.send(Ok("two".into())).unwrap();
    drop(sender);
    assert_eq!(joined(&data_of(&text_of(second).await)), "two");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_come_back_ends_the_answer_late() {
    let (answers, heard) = (ResumableAnswers::default(), Heard::default());
    let (sender, seen) = broken_off(&answers, &heard).await;
    let begin = tokio::time::Instant::now();
    sender.closed().await;
    assert_eq!(begin.elapsed().as_secs(), 30);
    assert_eq!(heard.record().await.ending, Ending::ReaderGone);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(answers.resume(&last_seen(&seen)).is_none());
    assert!(format!("{answers:?}").contains("kept: 0"));
}

#[tokio::test]
async fn nothing_is_resumed_that_is_not_there() {
    let (answers, heard) = (ResumableAnswers::default(), Heard::default());
    let (_sender, seen) = broken_off(&answers, &heard).await;
    let stream = seen.split_once('.').unwrap().0;
    for id in ["", "x", "x.1", ".", &format!("{stream}.99"), &format!("{stream}.-1"), &format!("{stream}.{}", u64::MAX)]
    {
        assert!(answers.resume(&last_seen(id)).is_none(), "{id}");
    }
    assert!(answers.resume(&HeaderMap::new()).is_none());
}

#[tokio::test]
async fn events_that_are_not_kept_any_more_cannot_be_had() {
    let answers = ResumableAnswers::default();
    let options = SseOptions { replay_bytes: 200, ..prompt() };
    let many = stream::iter((0..100).map(|n| Ok::<_, String>(format!("{n} "))));
    let mut body = SseAnswer::new(many).resumable(&answers).options(options).into_response().into_body();
    let first = id_of(&frame(&mut body).await);
    let mut last = first.clone();
    while let Some(frame) = body.frame().await {
        last = id_of(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
    }
    assert!(answers.resume(&last_seen(&first)).is_none());
    assert!(answers.resume(&last_seen(&last)).is_some());
}

#[tokio::test]
async fn answers_above_the_capacity_are_served_all_the_same() {
    let answers = ResumableAnswers::new(Duration::from_secs(30), 0);
    let (sender, seen) = broken_off(&answers, &Heard::default()).await;
    assert!(answers.resume(&last_seen(&seen)).is_none());
    drop(sender);
}
