//! Decimal numbers, eight digits at a time.

/// The number that a text begins with, and how many digits it has. More than 19 may not fit; the number is worth nothing
/// then.
#[inline]
pub(crate) fn leading_digits(text: &[u8]) -> (u64, usize) {
    let (mut number, mut count) = (0_u64, 0);
    let mut rest = text;
    while let Some((eight, after)) = rest.split_first_chunk() {
        let (value, digits) = of_eight(*eight);
        number = number.wrapping_mul(POWERS[digits]).wrapping_add(value);
        count += digits;
        if digits < 8 {
            return (number, count);
        }
        rest = after;
    }
    for digit in rest.iter().take_while(|byte| byte.is_ascii_digit()) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        count += 1;
    }
    (number, count)
}

const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The same for eight bytes, without looking at them one by one.
#[inline]
fn of_eight(bytes: [u8; 8]) -> (u64, usize) {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // What is a digit is 0 to 9 now.
    let word = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    let others = (((word & !HIGH) + 0x7676_7676_7676_7676) | word) & HIGH;
    let digits = others.trailing_zeros() as usize / 8;
    // Those that follow go, and as many zeros come before: a byte of less weight is a digit of more.
    let word = word.checked_shl(64 - 8 * digits as u32).unwrap_or(0);
    // Pairs, then fours, then all eight.
    let pairs = word * 10 + (word >> 8);
    let lower = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let upper = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    (lower.wrapping_add(upper) >> 32, digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_the_standard_library_reads(digits in "[0-9]{0,19}", after in "([^0-9].{0,12})?") {
            let number = if digits.is_empty() { 0 } else { digits.parse().unwrap() };
            let text = digits.clone() + &after;
            prop_assert_eq!(leading_digits(text.as_bytes()), (number, digits.len()));
        }

        #[test]
        fn any_bytes_are_counted(bytes in proptest::collection::vec(prop_oneof![b'0'..=b'9', any::<u8>()], 0..40)) {
            let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(leading_digits(&bytes).1, count);
        }
    }
}
