//! Numbers of payment cards.

use std::ops::Range;

use super::candidates::{candidates, expression, stands_alone};

/// What may stand between the groups of a number.
macro_rules! gap {
    () => {
        r"(?:[ \t\u{a0}\u{2009}\u{202f}]{1,2}|[+.\u{2010}-\u{2015}-]|%20|%2D)"
    };
}

expression!(DIGITS, r"[0-9](?:[ -]?[0-9]){12,}");
// Only the groups that cards have, because other numbers are separated like this, too.
expression!(
    GROUPS,
    concat!(
        r"[2-6][0-9]{3}",
        gap!(),
        r"(?:[0-9]{4}",
        gap!(),
        r"[0-9]{4}",
        gap!(),
        r"[0-9]{4}(",
        gap!(),
        r"[0-9]{3})?|[0-9]{6}",
        gap!(),
        r"[0-9]{4,5})"
    )
);

/// Calls `found` with the place of each number.
pub(super) fn find(text: &str, mut found: impl FnMut(Range<usize>)) {
    candidates(&DIGITS, text).for_each(|at| in_digits(text, at, &mut found));
    in_groups(text, found);
}

/// The numbers in digits that single spaces and hyphens may separate: 13 to 19 digits that begin like those of
/// a network and have the right check digit, and are not a part of a longer group of digits.
fn in_digits(text: &str, at: Range<usize>, found: &mut impl FnMut(Range<usize>)) {
    let (before, after) = (&text[..at.start], &text[at.end..]);
    let goes_on = after.starts_with(|c: char| c.is_ascii_alphanumeric()) && !is_behind_number(after);
    // `0.4111` is a fraction, `no.4111` is none.
    let is_fraction = match before.as_bytes() {
        [.., digit, b'.'] => !digit.is_ascii_alphabetic(),
        [b'.'] => true,
        _ => false,
    };
    let begins_alone = (stands_alone(text, at.start) || is_before_number(before)) && !is_fraction;
    let places: Vec<usize> = at.clone().filter(|place| text.as_bytes()[*place].is_ascii_digit()).collect();
    let begins = |n: usize| match n.checked_sub(1) {
        Some(before) => places[before] + 1 < places[n],
        None => begins_alone,
    };
    let ends = |n: usize| match places.get(n + 1) {
        Some(next) => places[n] + 1 < *next,
        None => !goes_on,
    };
    let digits: Vec<u8> = places.iter().map(|place| text.as_bytes()[*place] - b'0').collect();
    for first in (0..digits.len()).filter(|n| begins(*n) && (2..=6).contains(&digits[*n])) {
        for last in (first + 12..(first + 19).min(digits.len())).filter(|n| ends(*n)) {
            if is_luhn(&digits[first..=last]) {
                found(places[first]..places[last] + 1);
            }
        }
    }
}

/// The numbers in groups that something else separates.
fn in_groups(text: &str, mut found: impl FnMut(Range<usize>)) {
    /// Digits of the first group.
    const FIRST: usize = 4;
    let is_number = |at: &Range<usize>| {
        let goes_on = text.as_bytes().get(at.end).is_some_and(u8::is_ascii_alphanumeric);
        // The digits of an escape are none of the number's.
        let plain = text[at.clone()].replace("%20", " ").replace("%2D", "-");
        let digits: Vec<u8> = plain.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
        !goes_on && is_luhn(&digits)
    };
    let mut at = 0;
    while let Some(groups) = GROUPS.captures_at(text, at) {
        let Some(whole) = groups.get(0) else { break };
        let start = whole.start();
        let begins =
            stands_alone(text, start) && !matches!(text.as_bytes()[..start], [.., b'0'..=b'9', b'.' | b'-']);
        // The last group of three digits may be of something else.
        let ends = [Some(whole.end()), groups.get(1).map(|last| last.start())];
        let number = ends.into_iter().flatten().map(|end| start..end).find(|at| begins && is_number(at));
        at = number.as_ref().map_or(start + FIRST, |number| number.end);
        number.into_iter().for_each(&mut found);
    }
}

/// Whether a text ends with what stands right before a number: a name for it, or the beginning of the first track of a
/// magnetic stripe.
fn is_before_number(text: &str) -> bool {
    ["%b", "pan", "card"].iter().any(|name| {
        let start = text.len().checked_sub(name.len());
        start.and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(name))
    })
}

/// Whether a text begins with what stands right behind a number: the date on the second track, or a currency.
fn is_behind_number(text: &str) -> bool {
    match text.as_bytes() {
        [b'D', date @ ..] if date.len() >= 4 && date[..4].iter().all(u8::is_ascii_digit) => true,
        [a, b, c, rest @ ..] => {
            let currency = [a, b, c];
            currency.iter().all(|letter| letter.is_ascii_uppercase())
                && currency.iter().any(|letter| !letter.is_ascii_hexdigit())
                && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
        }
        _ => false,
    }
}

/// The check of Luhn: from the right every second digit twice, its digits added up, makes a multiple of ten.
pub(super) fn is_luhn(digits: &[u8]) -> bool {
    let twice = |digit: u8| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| u32::from(if at % 2 == 1 { twice(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10)
}
