//! SQL's LIKE without a regular expression.

use crate::scan;

/// Whether `text` matches `pattern` in full: `%` stands for any run of characters, `_` for any one.
///
/// There is no escape character. With `fold_ascii` the letters A to Z equal a to z and nothing else
/// is folded, which is SQLite's ILIKE; without it letters are compared as they are. SQL back ends
/// that register this function agree with the evaluator on every input.
///
/// ```
/// use candor_filter::like;
/// assert!(like("%answer_", "the answer.", false));
/// assert!(!like("answer", "the answer", false));
/// assert!(like("CAF%", "café", true));
/// ```
pub fn like(pattern: &str, text: &str, fold_ascii: bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let same = |a: u8, b: u8| a == b || (fold_ascii && a.eq_ignore_ascii_case(&b));
    let (mut p, mut t) = (0, 0);
    // Where to go on when a later part fails: behind the last `%`, one character further in the text.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some(b'%') => {
                p += 1;
                if p == pattern.len() {
                    return true;
                }
                retry = Some((p, t));
                continue;
            }
            Some(b'_') if t < text.len() => {
                p += 1;
                t += char_len(text[t]);
                continue;
            }
            Some(&wanted) if text.get(t).is_some_and(|&got| same(wanted, got)) => {
                p += 1;
                t += 1;
                continue;
            }
            None if t == text.len() => return true,
            _ => {}
        }
        let Some((after_percent, from)) = retry else { return false };
        let Some(next) = next_start(pattern, after_percent, text, from, fold_ascii) else { return false };
        retry = Some((after_percent, next));
        (p, t) = (after_percent, next);
    }
}

/// The next place after `from` where the part behind a `%` may begin.
fn next_start(pattern: &[u8], part: usize, text: &[u8], from: usize, fold_ascii: bool) -> Option<usize> {
    let start = from + char_len(*text.get(from)?);
    let rest = text.get(start..)?;
    let skipped = match pattern.get(part) {
        Some(b'_' | b'%') | None => 0,
        Some(&first) if fold_ascii && first.is_ascii_alphabetic() => {
            scan::position(rest, |byte| byte.eq_ignore_ascii_case(&first))?
        }
        Some(&first) => scan::position(rest, |byte| byte == first)?,
    };
    Some(start + skipped)
}

/// Length in bytes of the UTF-8 character that begins with `first`.
const fn char_len(first: u8) -> usize {
    match first {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, exact: bool, folded: bool) {
        assert_eq!(like(pattern, text, false), exact, "{text:?} LIKE {pattern:?}");
        assert_eq!(like(pattern, text, true), folded, "{text:?} ILIKE {pattern:?}");
    }

    #[test]
    fn wildcards_stand_for_characters_not_bytes() {
        check("", "", true, true);
        check("", "a", false, false);
        check("%", "", true, true);
        check("%%", "abc", true, true);
        check("a%c", "abbbc", true, true);
        check("a%c", "abbbcd", false, false);
        check("_", "é", true, true);
        check("__", "é", false, false);
        check("%_", "", false, false);
        check("%é_", "caféé", true, true);
        check("%ab%abc%", "xxababc", true, true);
        check("a\\%", "a\\b", true, true);
    }

    #[test]
    fn folding_reaches_ascii_letters_only() {
        check("HELLO", "hello", false, true);
        check("%LO", "hello", false, true);
        check("CAFÉ", "café", false, false);
        check("caf_", "CAFÉ", false, true);
        check("[", "{", false, false);
    }

    /// The definition itself, in exponential time.
    fn oracle(pattern: &[char], text: &[char], fold: bool) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['%', rest @ ..], _) => (0..=text.len()).any(|skip| oracle(rest, &text[skip..], fold)),
            (['_', rest @ ..], [_, text @ ..]) => oracle(rest, text, fold),
            ([wanted, rest @ ..], [got, text @ ..]) => {
                (wanted == got || (fold && wanted.eq_ignore_ascii_case(got))) && oracle(rest, text, fold)
            }
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn agrees_with_the_definition(pattern in "[abAé😀%_]{0,7}", text in "[abAé😀]{0,9}", fold: bool) {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(like(&pattern, &text, fold), oracle(&p, &t, fold));
        }
    }
}
