//! How expressions are made, and where they match.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// The places that an expression matches.
pub(super) fn candidates(regex: &'static LazyLock<Regex>, text: &str) -> impl Iterator<Item = Range<usize>> {
    regex.find_iter(text).map(|candidate| candidate.range())
}

/// The places that the group of an expression captures.
pub(super) fn captured(regex: &'static LazyLock<Regex>, text: &str) -> impl Iterator<Item = Range<usize>> {
    regex.captures_iter(text).filter_map(|all| all.iter().skip(1).flatten().next().map(|one| one.range()))
}

/// Whether no letter or digit stands before a place; the letter of an escape like `\n` is none.
pub(super) fn stands_alone(text: &str, at: usize) -> bool {
    match &text.as_bytes()[..at] {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., before] => !before.is_ascii_alphanumeric(),
        [] => true,
    }
}

/// Expressions that are known to be valid; a test uses every one.
macro_rules! expression {
    ($name:ident, $text:expr) => {
        static $name: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
            #[allow(clippy::expect_used, reason = "a fixed expression")]
            regex::Regex::new($text).expect("a valid expression")
        });
    };
}
pub(super) use expression;
