use serde::Serialize;

use crate::ranking::Index;

/// A part of a document, short enough to be read as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Passage {
    /// The document, e.g. `README.md`.
    pub source: String,
    /// The headings above the text, outermost first.
    pub title: String,
    /// The text, as Markdown.
    pub text: String,
    /// How well it fits the question; larger is better, and comparable within one answer only.
    pub score: f64,
}

/// Documents that passages are retrieved from.
#[derive(Clone, Debug)]
pub struct Library {
    passages: Vec<Passage>,
    index: Index,
}

impl Library {
    /// Splits Markdown documents, given as name and text, at their headings.
    pub fn new<'a>(documents: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let passages: Vec<Passage> = documents.into_iter().flat_map(|(name, text)| split(name, text)).collect();
        let texts: Vec<String> = passages.iter().map(|passage| format!("{} {}", passage.title, passage.text)).collect();
        let index = Index::new(texts.iter().map(String::as_str));
        Self { passages, index }
    }

    /// Candor's own documentation, which is part of the program.
    pub fn about_candor() -> Self {
        Self::new([
            ("README.md", include_str!("../../../README.md")),
            ("docs/architecture.md", include_str!("../../../docs/architecture.md")),
            ("docs/http-api.md", include_str!("../../../docs/http-api.md")),
            ("docs/reliability.md", include_str!("../../../docs/reliability.md")),
            ("docs/streaming.md", include_str!("../../../docs/streaming.md")),
            ("docs/tracing.md", include_str!("../../../docs/tracing.md")),
        ])
    }

    /// The passages that fit the question best, `most` of them at most, best first.
    pub fn retrieve(&self, question: &str, most: usize) -> Vec<Passage> {
        let ranked = self.index.rank(question).into_iter().take(most);
        ranked.map(|(place, score)| Passage { score, ..self.passages[place].clone() }).collect()
    }
}

fn split(source: &str, text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut headings: Vec<(usize, String)> = Vec::new();
    let mut body = String::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        let level = line.chars().take_while(|c| *c == '#').count();
        if in_code || level == 0 || !line[level..].starts_with(' ') {
            body.push_str(line);
            body.push('\n');
            continue;
        }
        passages.extend(passage(source, &headings, &mut body));
        headings.retain(|(above, _)| *above < level);
        headings.push((level, line[level..].trim().to_owned()));
    }
    passages.extend(passage(source, &headings, &mut body));
    passages
}

fn passage(source: &str, headings: &[(usize, String)], body: &mut String) -> Option<Passage> {
    let text = std::mem::take(body).trim().to_owned();
    let title = headings.iter().map(|(_, heading)| heading.as_str()).collect::<Vec<_>>().join(" › ");
    (!text.is_empty()).then(|| Passage { source: source.to_owned(), title, text, score: 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_at_their_headings() {
        let text = "# A\nintro\n## B\none\n```sh\n# no heading\n```\n## C\n\n### D\ntwo\n";
        let passages = split("doc.md", text);
        let found: Vec<(&str, &str)> = passages.iter().map(|p| (p.title.as_str(), p.text.as_str())).collect();
        assert_eq!(found, [("A", "intro"), ("A › B", "one\n```sh\n# no heading\n```"), ("A › C › D", "two")]);
    }

    #[test]
    fn questions_about_candor_find_its_documentation() {
        let library = Library::about_candor();
        let found = library.retrieve("What happens to a verdict that arrives before its trace?", 3);
        assert_eq!(found.len(), 3);
        assert!(found[0].text.contains("arrives before its asynchronously exported trace"), "{found:?}");
        assert!(found[0].score >= found[1].score);
        assert_eq!(library.retrieve("xyzzy", 3), []);
    }
}
