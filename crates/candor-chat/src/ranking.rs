//! Which texts are about a question: Okapi BM25.
//!
//! Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
//! with the usual constants and the idf that cannot become negative.

use std::collections::HashMap;

/// How soon more of the same word stops counting.
const K1: f64 = 1.2;
/// How much a long text has to say more.
const B: f64 = 0.75;

/// The words of some texts, counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// For each word, in which texts it stands and how often.
    postings: HashMap<String, Vec<(usize, f64)>>,
    lengths: Vec<f64>,
}

impl Index {
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        for (place, text) in texts.into_iter().enumerate() {
            let mut counts: HashMap<String, f64> = HashMap::new();
            let mut length = 0.0;
            for word in words(text) {
                *counts.entry(word).or_default() += 1.0;
                length += 1.0;
            }
            index.lengths.push(length);
            for (word, count) in counts {
                index.postings.entry(word).or_default().push((place, count));
            }
        }
        index
    }

    /// The texts that share a word with the question, with their scores, best first.
    pub(crate) fn rank(&self, question: &str) -> Vec<(usize, f64)> {
        let texts = self.lengths.len() as f64;
        let mean_length = self.lengths.iter().sum::<f64>() / texts.max(1.0);
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for word in words(question) {
            let Some(postings) = self.postings.get(&word) else { continue };
            let with = postings.len() as f64;
            let idf = ((texts - with + 0.5) / (with + 0.5) + 1.0).ln();
            for (place, count) in postings {
                let long = 1.0 - B + B * self.lengths[*place] / mean_length;
                *scores.entry(*place).or_default() += idf * count * (K1 + 1.0) / (count + K1 * long);
            }
        }
        let mut ranked: Vec<(usize, f64)> = scores.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked
    }
}

/// Words in lower case, without the English plural `s`, short words left out.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    const SHORTEST: usize = 3;
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= SHORTEST).map(|word| {
        let word = word.to_lowercase();
        match word.strip_suffix('s') {
            Some(singular) if !singular.ends_with('s') && singular.len() >= SHORTEST => singular.to_owned(),
            _ => word,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_about_the_question_comes_first() {
        let index = Index::new(["Traces hold spans.", "A verdict lands on its trace.", "Nothing of the kind."]);
        let ranked: Vec<usize> = index.rank("Where does a verdict land?").into_iter().map(|(place, _)| place).collect();
        assert_eq!(ranked, [1]);
        assert_eq!(index.rank("spans of traces")[0].0, 0);
    }

    #[test]
    fn rare_words_weigh_more_than_common_ones() {
        let index = Index::new(["trace trace trace", "trace spool", "trace", "trace"]);
        assert_eq!(index.rank("trace spool")[0].0, 1);
    }

    #[test]
    fn nothing_in_common_finds_nothing() {
        assert_eq!(Index::new(["a text"]).rank("zebra"), []);
        assert_eq!(Index::new([]).rank("zebra"), []);
    }
}
