//! Which bytes of a JSON string are escaped.

/// Which bytes of a block a backslash before them escapes, given whether the first one is (1 or 0); and whether the
/// first byte of the next block is. A run of backslashes escapes what follows it when their number is odd.
///
/// Adding the beginning of a run to it carries to its end. Only those that begin on an odd place are added, so what
/// is left tells the parity of every beginning.
#[inline(always)]
pub(crate) fn escaped(backslashes: u64, escaped_first: u64) -> (u64, u64) {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let backslashes = backslashes & !escaped_first;
    let behind = backslashes << 1 | escaped_first;
    let odd_starts = backslashes & !EVEN & !behind;
    let (runs, overflow) = odd_starts.overflowing_add(backslashes);
    ((EVEN ^ runs << 1) & behind, u64::from(overflow))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_of_backslashes_escape_what_they_should(
            backslashes in proptest::collection::vec(proptest::bool::weighted(0.75), 128),
        ) {
            let mut expected = vec![false; backslashes.len() + 1];
            for at in 0..backslashes.len() {
                expected[at + 1] = backslashes[at] && !expected[at];
            }
            let (mut first, mut found) = (0, Vec::new());
            for block in backslashes.as_chunks::<64>().0 {
                let bits;
                let mask = block.iter().enumerate().map(|(at, is)| u64::from(*is) << at).sum();
                (bits, first) = escaped(mask, first);
                found.extend((0..64).map(|at| bits >> at & 1 != 0));
            }
            found.push(first != 0);
            prop_assert_eq!(found, expected);
        }
    }
}
