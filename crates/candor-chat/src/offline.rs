use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};

use crate::ranking::Index;
use crate::{Piece, Pieces, Prompt, Responder, ResponderError};

/// Answers by quoting the sentences that fit best, without any model: for demonstrations and tests.
#[derive(Clone, Debug)]
pub struct OfflineResponder {
    pace: Duration,
}

impl OfflineResponder {
    /// Says a word every `pace`.
    pub fn new(pace: Duration) -> Self {
        Self { pace }
    }
}

impl Default for OfflineResponder {
    /// About as fast as a model, 20 ms a word.
    fn default() -> Self {
        Self::new(Duration::from_millis(20))
    }
}

#[async_trait]
impl Responder for OfflineResponder {
    fn model(&self) -> &str {
        "offline-extractive"
    }

    async fn respond(&self, prompt: &Prompt) -> Result<Pieces, ResponderError> {
        let answer = extract(prompt);
        let words: Vec<String> = answer.split_inclusive(' ').map(str::to_owned).collect();
        let pace = self.pace;
        let words = stream::iter(words).then(move |word| async move {
            tokio::time::sleep(pace).await;
            Ok(Piece::Text(word))
        });
        Ok(Box::pin(words))
    }
}

fn extract(prompt: &Prompt) -> String {
    /// The sentences quoted.
    const SENTENCES: usize = 3;
    let Some(best) = prompt.passages.first() else {
        return "I found nothing about that in the documentation. Try other words.".to_owned();
    };
    let sentences = sentences(&best.text);
    let ranked = Index::new(sentences.iter().map(String::as_str)).rank(&prompt.question);
    let mut places: Vec<usize> = ranked.into_iter().take(SENTENCES).map(|(place, _)| place).collect();
    places.sort_unstable(); // in the order in which they were written
    let quoted: Vec<&str> = match places.is_empty() {
        true => sentences.iter().take(1).map(String::as_str).collect(),
        false => places.iter().map(|place| sentences[*place].as_str()).collect(),
    };
    format!("{} ({}, \u{201c}{}\u{201d})", quoted.join(" "), best.source, best.title)
}

/// The sentences of a Markdown text; code and tables are left out, marks of emphasis too.
fn sentences(markdown: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut in_code = false;
    for line in markdown.lines() {
        in_code ^= line.starts_with("```");
        if in_code || line.starts_with("```") || line.starts_with('|') {
            continue;
        }
        prose.push_str(line.trim_start_matches(['-', '*', '>', ' ']));
        prose.push(' ');
    }
    let prose = prose.replace("**", "").replace('`', "");
    let sentences = prose.split_inclusive(". ").map(|sentence| sentence.trim().to_owned());
    sentences.filter(|sentence| sentence.len() > 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Passage;

    fn prompt(question: &str, text: &str) -> Prompt {
        let passage = Passage { source: "doc.md".into(), title: "T".into(), text: text.into(), score: 1.0 };
        Prompt { question: question.into(), passages: vec![passage] }
    }

    #[test]
    fn the_fitting_sentences_are_quoted_with_their_source() {
        let text =
            "A span is a step. A **verdict** lands on `its` trace. | no\n| table |\n```\ncode about verdicts\n```\n";
        let answer = extract(&prompt("Where does the verdict land?", text));
        assert_eq!(answer, "A verdict lands on its trace. (doc.md, \u{201c}T\u{201d})");
    }

    #[test]
    fn nothing_found_is_said() {
        let nothing = Prompt { question: "?".into(), passages: Vec::new() };
        assert!(extract(&nothing).contains("found nothing"));
    }

    #[tokio::test]
    async fn the_words_add_up_to_the_answer() {
        let prompt = prompt("verdict", "A verdict lands. Nothing else.");
        let pieces = OfflineResponder::new(Duration::ZERO).respond(&prompt).await.unwrap();
        let pieces: Vec<Piece> = pieces.map(Result::unwrap).collect().await;
        assert!(pieces.len() > 3);
        let text: String = pieces.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "" }).collect();
        assert_eq!(text, extract(&prompt));
    }
}
