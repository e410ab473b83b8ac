/// The place of the first byte that `wanted` accepts.
///
/// Blocks are tested as a whole first, which compiles to vector instructions; stopping at the first
/// hit, as `Iterator::position` does, would not. Spans are long texts with few hits.
pub(crate) fn position(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<32>();
    let hit = |block: &[u8; 32]| block.iter().fold(false, |hit, &byte| hit | wanted(byte));
    let passed = blocks.iter().position(hit).unwrap_or(blocks.len()) * 32;
    let tail = bytes.get(passed..).unwrap_or(rest);
    tail.iter().position(|&byte| wanted(byte)).map(|offset| passed + offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_what_the_iterator_says(bytes in prop::collection::vec(0u8..40, 0..100)) {
            prop_assert_eq!(position(&bytes, |byte| byte == 7), bytes.iter().position(|&byte| byte == 7));
        }
    }
}
