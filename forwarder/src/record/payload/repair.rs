//! Text that is nearly UTF-8.

use super::poison::Poison;

/// How long a U+FFFD is in UTF-8.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Replaces what is not UTF-8 by U+FFFD, as [`String::from_utf8_lossy`] does, in the memory of the text and of what it
/// grows by.
///
/// # Errors
/// [`Poison::TooLarge`] when the text becomes larger than `limit` bytes.
pub fn repair(text: &mut Vec<u8>, limit: usize) -> Result<(), Poison> {
    let invalid = text.utf8_chunks().map(|chunk| chunk.invalid().len()).filter(|invalid| *invalid > 0);
    // What one U+FFFD stands for has three bytes at most.
    let growth: usize = invalid.map(|invalid| REPLACEMENT.len().saturating_sub(invalid)).sum();
    let before = text.len();
    if before + growth > limit {
        return Err(Poison::TooLarge { limit });
    }
    // The text moves to the end, and from there back to the start piece by piece. What is written never reaches what is
    // still to be read, because the distance is what the rest grows by.
    text.resize(before + growth, 0);
    text.copy_within(..before, growth);
    let (mut from, mut to) = (growth, 0);
    while let Some(chunk) = text[from..].utf8_chunks().next() {
        let (valid, invalid) = (chunk.valid().len(), chunk.invalid().len());
        text.copy_within(from..from + valid, to);
        from += valid + invalid;
        to += valid;
        if invalid > 0 {
            text[to..to + REPLACEMENT.len()].copy_from_slice(REPLACEMENT);
            to += REPLACEMENT.len();
        }
    }
    text.truncate(to);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_the_standard_library_does(
            pieces in proptest::collection::vec(
                prop_oneof![
                    any::<String>().prop_map(String::into_bytes),
                    proptest::collection::vec(any::<u8>(), 0..6),
                    Just(b"\xed\xa0\x80".to_vec()),
                    Just(b"\xf0\x9f\x98".to_vec()),
                ],
                0..8,
            ),
            spare in 0_usize..3,
        ) {
            let mut text = pieces.concat();
            let expected = String::from_utf8_lossy(&text).into_owned().into_bytes();
            let mut short = text.clone();
            prop_assert_eq!(repair(&mut text, expected.len() + spare), Ok(()));
            prop_assert_eq!(&text, &expected);
            if let Some(limit) = expected.len().checked_sub(1) {
                prop_assert_eq!(repair(&mut short, limit), Err(Poison::TooLarge { limit }));
            }
        }
    }
}
