//! Patterns for the names of log groups.
//!
//! The routes of the function and everything in the command-line tool that selects log groups use this one dialect.
//! So a pattern that selects a log group for a subscription also routes it.

use globset::{GlobBuilder, GlobMatcher};

/// Maximum length of a pattern, in bytes. It bounds the memory that a compiled pattern takes.
const LONGEST: usize = 4096;

/// A compiled pattern. `*` matches any text, `/` included, and `?` matches one character. `{a,b}` matches one of the
/// patterns in the list, `[a-z]` one character of a class, `[!a-z]` one character outside of it. `\` escapes the
/// character after it.
#[derive(Clone, Debug)]
pub struct Glob(GlobMatcher);

/// A pattern that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a valid glob pattern: {problem}")]
pub struct BadGlob {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The pattern is not valid, or longer than 4,096 bytes.
    pub fn new(pattern: &str) -> Result<Self, BadGlob> {
        Ok(Self(parse(pattern)?.compile_matcher()))
    }

    /// Checks a pattern without the cost of compiling it.
    ///
    /// # Errors
    /// As of [`Glob::new`].
    pub fn check(pattern: &str) -> Result<(), BadGlob> {
        parse(pattern).map(drop)
    }

    /// Whether the whole name matches the pattern.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

fn parse(pattern: &str) -> Result<globset::Glob, BadGlob> {
    let bad = |problem: String| BadGlob { pattern: pattern.to_owned(), problem };
    if pattern.len() > LONGEST {
        return Err(bad(format!("it is longer than {LONGEST} bytes")));
    }
    GlobBuilder::new(pattern)
        // The slashes of a log group are part of its name; they do not separate folders.
        .literal_separator(false)
        // The default differs between operating systems.
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| bad(error.kind().to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).unwrap().matches(name)
    }

    #[test]
    fn every_part_of_the_dialect_matches_what_it_should() {
        for (pattern, yes, no) in [
            ("*", &["", "/aws/lambda/x", "a\nb"][..], &[][..]),
            (
                "/aws/{lambda,ecs}/*",
                &["/aws/lambda/a/b", "/aws/ecs/"],
                &["/aws/rds/a", "/aws/lambda", "x/aws/ecs/a"],
            ),
            ("/app/[a-c]?", &["/app/ax", "/app/c/"], &["/app/dx", "/app/a", "/app/axx"]),
            ("/app/[!a]", &["/app/b"], &["/app/a", "/app/"]),
            ("/app{,-dev}/*-{a,b*}", &["/app/x-a", "/app-dev/x-bcd"], &["/app-prod/x-a", "/app/x-ab"]),
            (r"/app/\*", &["/app/*"], &["/app/x"]),
            ("/app.x#1", &["/app.x#1"], &["/appXx#1"]),
        ] {
            yes.iter().for_each(|name| assert!(matches(pattern, name), "{pattern} on {name}"));
            no.iter().for_each(|name| assert!(!matches(pattern, name), "{pattern} on {name}"));
        }
    }

    #[test]
    fn a_bad_pattern_is_refused_with_the_reason() {
        for (pattern, says) in [
            ("/app/[a", "`/app/[a` is not a valid glob pattern: unclosed character class"),
            ("/app/{a,b", "unclosed alternate group"),
            ("/app/[z-a]", "invalid range"),
            (&"?".repeat(LONGEST + 1), "longer than 4096 bytes"),
        ] {
            let error = Glob::check(pattern).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert!(Glob::new(pattern).is_err());
        }
        for largest in ["?".repeat(LONGEST), "[!a]".repeat(LONGEST / 4), "{a,b}*".repeat(LONGEST / 6)] {
            assert!(!matches(&largest, "x"), "a pattern of the maximum length compiles");
        }
    }

    /// What the dialect means, in the plainest way. There is no `**` and no escape.
    fn plain(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'{', rest)), _) => {
                let end = rest.iter().position(|byte| *byte == b'}').unwrap();
                let tail = &rest[end + 1..];
                rest[..end].split(|byte| *byte == b',').any(|one| plain(&[one, tail].concat(), name))
            }
            (Some((b'*', rest)), _) => (0..=name.len()).any(|skipped| plain(rest, &name[skipped..])),
            (Some((b'?', rest)), Some((_, name))) => plain(rest, name),
            (Some((b'[', rest)), Some((first, name))) => {
                let end = rest.iter().position(|byte| *byte == b']').unwrap();
                let (no, class) = match &rest[..end] {
                    [b'!', class @ ..] => (true, class),
                    class => (false, class),
                };
                let [low, b'-', high] = class else { panic!("a range") };
                (low..=high).contains(&first) != no && plain(&rest[end + 1..], name)
            }
            (Some((wanted, rest)), Some((found, name))) => wanted == found && plain(rest, name),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_dialect_is_what_it_is_said_to_be(
            parts in proptest::collection::vec(r"[ab/]|\?|\*[ab/?]|\[a-b\]|\[!/-a\]|\{a,b/\}|\{a\*/,\}b", 0..6),
            name in "[abc/]{0,6}",
        ) {
            let pattern = parts.concat();
            prop_assert_eq!(matches(&pattern, &name), plain(pattern.as_bytes(), name.as_bytes()), "{}", pattern);
        }
    }
}
