//! Values that are known without an expression of one's own.
//!
//! Where a value may or may not be one, it is: something too much is better than something left. What would make
//! logs useless is spared: versions with five parts, times, MAC addresses, identifiers that are digits by chance.

use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::shape::config::Known;

impl Known {
    /// The name that stands in the place of a value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Bearer => "bearer",
            Self::AwsKey => "aws-key",
            Self::Card => "card",
        }
    }

    /// Calls `found` with the place of each value in a text.
    pub(super) fn find(self, text: &str, mut found: impl FnMut(Range<usize>)) {
        let candidates =
            |regex: &'static LazyLock<Regex>| regex.find_iter(text).map(|candidate| candidate.range());
        let captured = |regex: &'static LazyLock<Regex>| {
            regex
                .captures_iter(text)
                .filter_map(|all| all.iter().skip(1).flatten().next().map(|one| one.range()))
        };
        match self {
            Self::Email => candidates(&EMAIL).for_each(found),
            Self::Ipv4 => candidates(&IPV4).filter(|at| is_ipv4(text, at)).for_each(found),
            Self::Ipv6 => candidates(&IPV6).filter_map(|at| ipv6_in(text, at)).for_each(found),
            Self::Bearer => {
                captured(&BEARER).filter(|at| is_token(&text[at.clone()])).for_each(&mut found);
                candidates(&JWT).for_each(found);
            }
            Self::AwsKey => {
                candidates(&AWS_KEY_ID).for_each(&mut found);
                captured(&AWS_SECRET).for_each(found);
            }
            Self::Card => candidates(&DIGITS).for_each(|at| cards_in(text, at, &mut found)),
        }
    }
}

/// Expressions that are known to be valid; a test uses every one.
macro_rules! expression {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| {
            #[allow(clippy::expect_used, reason = "a fixed expression")]
            Regex::new($text).expect("a valid expression")
        });
    };
}

// Latin letters only: text in other scripts stands right beside addresses, without a space.
expression!(
    EMAIL,
    r"[0-9A-Za-zÀ-ɏ._%+~-]+(?:'[0-9A-Za-zÀ-ɏ._%+~-]+)*(?:@|%40)(?:[0-9A-Za-zÀ-ɏ-]+\.)+(?:xn--[0-9A-Za-z-]+|[A-Za-zÀ-ɏ]{2,})"
);
expression!(IPV4, r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}");
expression!(IPV6, r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
// A plus may be a space of a URL or begin the token: one that stands alone before it is a space. JSON that is cut off may
// leave escapes as they are.
expression!(
    BEARER,
    r#"(?i)bearer(?:(?:[ \t:='"+]|%20)*(?:[ \t:='"]|%20)|\+)((?:[0-9A-Za-z._~+/=-]|\\u[0-9A-Fa-f]{4}|\\/){8,})"#
);
expression!(JWT, r"eyJ[0-9A-Za-z_-]{5,}\.[0-9A-Za-z_-]{5,}(?:\.[0-9A-Za-z_-]*){0,3}");
expression!(AWS_KEY_ID, r"(?:AKIA|ASIA)[0-9A-Z]{16,}");
expression!(
    AWS_SECRET,
    r"(?i)(?:secret_?(?:access_?)?key|aws_?secret)[^0-9A-Za-z/+]{1,8}([0-9A-Za-z/+\\]{40,})|(?:session|security)[_-]?token[^0-9A-Za-z/+]{1,8}([0-9A-Za-z/+=%\\]{50,})"
);
expression!(DIGITS, r"[0-9](?:[ -]?[0-9]){12,}");

/// Four numbers up to 255, and not a part of something with more numbers.
fn is_ipv4(text: &str, at: &Range<usize>) -> bool {
    let (before, after) = (&text.as_bytes()[..at.start], &text.as_bytes()[at.end..]);
    let goes_on = match (before, after) {
        ([.., digit], _) | (_, [digit, ..]) if digit.is_ascii_digit() => true,
        ([.., digit, b'.'], _) | (_, [b'.', digit, ..]) if digit.is_ascii_digit() => true,
        _ => false,
    };
    !goes_on && text[at.clone()].split('.').all(|part| part.parse::<u8>().is_ok())
}

/// The address in a run of hexadecimal digits, colons and dots.
fn ipv6_in(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    // What follows a name and a colon begins after the colon.
    let after_colon = text[at.clone()].find(':').map(|colon| at.start + colon + 1);
    let starts = [stands_alone(text, at.start).then_some(at.start), after_colon];
    for start in starts.into_iter().flatten() {
        let mut end = at.end;
        // A sentence may end with a dot, and a prefix with a colon.
        while end > start {
            let address = &text[start..end];
            let goes_on = text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric);
            if !goes_on && address != "::" && address.parse::<Ipv6Addr>().is_ok() {
                return Some(start..end);
            }
            if !address.ends_with([':', '.']) {
                break;
            }
            end -= 1;
        }
    }
    None
}

/// A word in "bearer authentication" is no token.
fn is_token(text: &str) -> bool {
    text.len() >= 20 || text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The card numbers in digits that single spaces and hyphens may separate: 13 to 19 digits that begin like those of
/// a network and have the right check digit, and are not a part of a longer group of digits.
fn cards_in(text: &str, at: Range<usize>, found: &mut impl FnMut(Range<usize>)) {
    let goes_on = text.as_bytes().get(at.end).is_some_and(u8::is_ascii_alphanumeric);
    let fraction = text.as_bytes()[..at.start].ends_with(b".");
    let places: Vec<usize> = at.clone().filter(|place| text.as_bytes()[*place].is_ascii_digit()).collect();
    let begins = |n: usize| match n.checked_sub(1) {
        Some(before) => places[before] + 1 < places[n],
        None => stands_alone(text, at.start) && !fraction,
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

/// The check of Luhn: from the right every second digit twice, its digits added up, makes a multiple of ten.
fn is_luhn(digits: &[u8]) -> bool {
    let twice = |digit: u8| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| u32::from(if at % 2 == 1 { twice(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10)
}

/// Whether no letter or digit stands before a place; the letter of an escape like `\n` is none.
fn stands_alone(text: &str, at: usize) -> bool {
    match &text.as_bytes()[..at] {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., before] => !before.is_ascii_alphanumeric(),
        [] => true,
    }
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
