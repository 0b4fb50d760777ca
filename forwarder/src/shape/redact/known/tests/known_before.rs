//! What was found before other forms were: a reference, so that none of it is lost.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use proptest::prelude::*;
use regex::Regex;

use super::super::candidates::stands_alone;
use super::super::is_token;
use super::*;

/// Calls `found` with the place of each value in a text.
fn find(kind: Known, text: &str, mut found: impl FnMut(Range<usize>)) {
    let candidates =
        |regex: &'static LazyLock<Regex>| regex.find_iter(text).map(|candidate| candidate.range());
    let captured = |regex: &'static LazyLock<Regex>| {
        regex.captures_iter(text).filter_map(|all| all.iter().skip(1).flatten().next().map(|one| one.range()))
    };
    match kind {
        Known::Email => candidates(&EMAIL).for_each(found),
        Known::Ipv4 => candidates(&IPV4).filter(|at| is_ipv4(text, at)).for_each(found),
        Known::Ipv6 => candidates(&IPV6).filter_map(|at| ipv6_in(text, at)).for_each(found),
        Known::Bearer => {
            captured(&BEARER).filter(|at| is_token(&text[at.clone()])).for_each(&mut found);
            candidates(&JWT).for_each(found);
        }
        Known::AwsKey => {
            candidates(&AWS_KEY_ID).for_each(&mut found);
            captured(&AWS_SECRET).for_each(found);
        }
        Known::Card => candidates(&DIGITS).for_each(|at| cards_in(text, at, &mut found)),
    }
}

// Latin letters only: text in other scripts stands right beside addresses, without a space.
expression!(
    EMAIL,
    r"[0-9A-Za-zÀ-ɏ._%+~-]+(?:'[0-9A-Za-zÀ-ɏ._%+~-]+)*(?:@|%40)(?:[0-9A-Za-zÀ-ɏ-]+\.)+(?:xn--[0-9A-Za-z-]+|[A-Za-zÀ-ɏ]{2,})"
);
expression!(IPV4, r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}");
expression!(IPV6, r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
// A plus may be a space of a URL or begin the token: one that stands alone before it is a space. JSON that is cut off
// may leave escapes as they are.
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

/// Pieces of values and of what stands around them.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ \\t\\n,;:\"'<>(){}=&?@%+./|é日-]{1,3}",
        "[0-9a-fA-F:.]{1,12}",
        "[0-9]{1,3}(\\.[0-9]{1,3}){1,5}",
        "[2-6][0-9]{3}([ -]?[0-9]{4}){3}",
        Just("4111 1111 1111 1111".to_owned()),
        Just("4111111111111111".to_owned()),
        "[a-z]{1,6}@[a-z]{1,5}\\.(com|de)",
        "([Bb]earer|token|bearer)[ :=+]{0,3}",
        "[A-Za-z0-9._~+/=-]{4,30}",
        "(AKIA|ASIA)[A-Z0-9]{15,18}",
        "(aws_?secret|secret_?access_?key|SessionToken)[\": =]{1,9}",
        "[A-Za-z0-9/+]{39,60}",
        "eyJ[a-z0-9]{5,9}\\.[a-z0-9]{4,9}",
    ];
    proptest::collection::vec(piece, 1..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// But for names like `a::b`, which were taken for addresses.
    #[test]
    fn what_was_found_before_is_found(text in text()) {
        for kind in [Known::Email, Known::Ipv4, Known::Ipv6, Known::Bearer, Known::AwsKey, Known::Card] {
            let mut covered = vec![false; text.len()];
            kind.find(&text, |at| covered[at].fill(true));
            let mut lost = Vec::new();
            find(kind, &text, |at| {
                let value = &text[at.clone()];
                let is_name = kind == Known::Ipv6 && !value.bytes().any(|byte| byte.is_ascii_digit());
                if !is_name && !covered[at].iter().all(|is| *is) {
                    lost.push(value.to_owned());
                }
            });
            prop_assert!(lost.is_empty(), "{:?} in {:?}: {:?}", kind, text, lost);
        }
    }
}
