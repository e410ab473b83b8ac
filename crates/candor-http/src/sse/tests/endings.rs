//! How answers end, and what is recorded of it.

use std::time::Duration;

use super::*;
use crate::sse::Ending;

#[tokio::test]
async fn what_was_said_is_recorded() {
    let heard = Heard::default();
    events(SseAnswer::new(tokens(&["An ", "answer"])).recorded_by(heard.clone())).await;
    let record = heard.record().await;
    assert_eq!((record.text.as_str(), record.tokens, record.truncated), ("An answer", 2, false));
    assert_eq!(record.ending, Ending::Done);
    assert!(record.time_to_first_token.unwrap() <= record.duration);
}

#[tokio::test]
async fn a_failure_is_told_and_recorded_with_what_came_before() {
    let heard = Heard::default();
    let failing = stream::iter([Ok("An "), Ok("ans"), Err("the model is gone")]);
    let events = events(SseAnswer::new(failing).recorded_by(heard.clone())).await;
    assert_eq!(joined(&events), "An ans");
    assert_eq!(events.last().unwrap(), &json!({"type": "error", "error": "the model is gone"}));
    let record = heard.record().await;
    assert_eq!(record.text, "An ans");
    assert_eq!(record.ending, Ending::Failed("the model is gone".into()));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_hangs_fails_after_a_while() {
    let heard = Heard::default();
    let hanging = stream::iter([Ok::<_, String>("An ")]).chain(stream::pending());
    let events = events(SseAnswer::new(hanging).recorded_by(heard.clone())).await;
    assert_eq!(events.last().unwrap(), &json!({"type": "error", "error": "no token came within 60 s"}));
    assert_eq!(heard.record().await.text, "An ");
}

#[tokio::test]
async fn a_reader_that_goes_away_stops_the_tokens() {
    let heard = Heard::default();
    let (sender, tokens) = hand_fed();
    let mut body = SseAnswer::new(tokens).recorded_by(heard.clone()).options(prompt()).into_response().into_body();
    sender.send(Ok("An ".into())).unwrap();
    frame(&mut body).await;
    assert!(frame(&mut body).await.contains("An "));
    drop(body);
    let record = heard.record().await;
    assert_eq!((record.text.as_str(), record.ending), ("An ", Ending::ReaderGone));
    sender.closed().await; // nobody takes tokens any more
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_given_up_and_holds_little_back() {
    let heard = Heard::default();
    let (sender, tokens) = hand_fed();
    let options = SseOptions { unread_bytes: 1000, ..prompt() };
    let body = SseAnswer::new(tokens).recorded_by(heard.clone()).options(options).into_response().into_body();
    for _ in 0..1000 {
        sender.send(Ok("x".repeat(100))).unwrap();
    }
    let record = heard.record().await;
    assert_eq!(record.ending, Ending::ReaderStalled);
    assert!(record.tokens < 10, "{} tokens were taken for nobody", record.tokens);
    assert!(text_of(body.into_response()).await.contains("took nothing"));
}

#[tokio::test]
async fn a_slow_reader_gets_everything() {
    let options = SseOptions { unread_bytes: 200, replay_bytes: 0, ..prompt() };
    let many = stream::iter((0..500).map(|n| Ok::<_, String>(format!("{n} "))));
    let mut body = SseAnswer::new(many).options(options).into_response().into_body();
    let mut text = String::new();
    while let Some(frame) = body.frame().await {
        text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        tokio::task::yield_now().await;
    }
    assert_eq!(joined(&data_of(&text)), (0..500).map(|n| format!("{n} ")).collect::<String>());
}

#[tokio::test]
async fn a_long_text_is_sent_whole_and_recorded_in_part() {
    let heard = Heard::default();
    let options = SseOptions { recorded_bytes: 5, ..prompt() };
    let answer = SseAnswer::new(tokens(&["ab", "ééé", "tail"])).recorded_by(heard.clone()).options(options);
    assert_eq!(joined(&events(answer).await), "abééétail");
    let record = heard.record().await;
    assert_eq!((record.text.as_str(), record.truncated, record.tokens), ("abé", true, 3));
}

#[tokio::test]
async fn a_panic_among_the_tokens_is_recorded_as_an_end() {
    let heard = Heard::default();
    let panicking = stream::iter([1, 0]).map(|n| if n == 1 { Ok::<_, String>("An ") } else { panic!("a bug") });
    let events = events(SseAnswer::new(panicking).recorded_by(heard.clone())).await;
    assert_eq!(events.last().unwrap(), &json!({"type": "error", "error": "the answer was interrupted"}));
    let record = heard.record().await;
    assert_eq!((record.text.as_str(), record.ending), ("An ", Ending::Interrupted));
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_comments() {
    let (sender, tokens) = hand_fed();
    let mut body = SseAnswer::new(tokens).options(prompt()).into_response().into_body();
    assert!(frame(&mut body).await.contains("start"));
    let begin = tokio::time::Instant::now();
    assert_eq!(frame(&mut body).await, ": keep-alive\n\n");
    assert_eq!(begin.elapsed(), Duration::from_secs(15));
    sender.send(Ok("late".into())).unwrap();
    assert!(frame(&mut body).await.contains("late"));
}
