//! Texts that PostgreSQL cannot hold.
//!
//! It has no NUL character. One is kept as two others: U+10FFFE, a code point that is no character
//! and means nothing to anybody, and `0`; U+10FFFE itself as U+10FFFE and `1`.

use std::borrow::Cow;

const MARK: char = '\u{10fffe}';

/// The text as it is kept.
pub(crate) fn kept(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => kept.extend([MARK, '0']),
            MARK => kept.extend([MARK, '1']),
            other => kept.push(other),
        }
    }
    Cow::Owned(kept)
}

/// The text that [`kept`] was made of.
pub(crate) fn read(kept: String) -> String {
    if !kept.contains(MARK) {
        return kept;
    }
    let mut text = String::with_capacity(kept.len());
    let mut characters = kept.chars();
    while let Some(character) = characters.next() {
        match character {
            MARK => text.push(if characters.next() == Some('0') { '\0' } else { MARK }),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_back_and_holds_no_nul() {
        for text in ["", "plain", "\0", "a\0b\0", "\u{10fffe}", "\u{10fffe}0", "\u{10fffe}1\0", "0\u{10ffff}1"] {
            let kept = kept(text);
            assert!(!kept.contains('\0'), "{text:?}");
            assert_eq!(read(kept.into_owned()), text);
        }
    }
}
