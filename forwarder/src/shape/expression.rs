//! Expressions of the user's own: compiled once, within bounds.

use regex::{Regex, RegexBuilder};

/// Maximum size of a compiled expression, in bytes. Ordinary ones take a hundredth of it.
pub(super) const LARGEST: usize = 2 << 20;

/// Maximum size of what an expression takes more while it is used, in bytes.
pub(super) const LARGEST_CACHE: usize = 1 << 20;

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct InvalidRule {
    /// Where in the rules of the route, like `exclude[0].message`.
    pub key: String,
    /// What is wrong there and what would be right.
    pub problem: String,
}

impl InvalidRule {
    pub(super) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }
}

/// Compiles the expression that stands at `key`.
pub(super) fn compile(expression: &str, key: impl Into<String>) -> Result<Regex, InvalidRule> {
    let key = key.into();
    if expression.is_empty() {
        return Err(InvalidRule::new(key, "an empty expression matches everything; leave it out"));
    }
    RegexBuilder::new(expression).size_limit(LARGEST).dfa_size_limit(LARGEST_CACHE).build().map_err(|error| {
        let problem = match error {
            regex::Error::CompiledTooBig(_) => {
                "it is too large when compiled; repeat less, and write [0-9] for \\d and [A-Za-z0-9_] for \\w"
                    .to_owned()
            }
            // The last line says what is wrong; those before draw it.
            other => {
                let text = other.to_string();
                let last = text.lines().last().unwrap_or_default();
                last.strip_prefix("error: ").unwrap_or(last).to_owned()
            }
        };
        InvalidRule::new(key, format!("`{expression}` is no valid expression: {problem}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_expression_is_said_on_one_line() {
        for (expression, says) in [
            ("", "leave it out"),
            ("a(b", "unclosed group"),
            ("(?=x)", "look-around"),
            (r"(a)\1", "backreferences are not supported"),
            (r"\p{Nonsense}", "Unicode property not found"),
            (r"(\w{1000}){1000}", "too large when compiled"),
        ] {
            let error = compile(expression, "exclude[2].message").unwrap_err().to_string();
            assert!(error.starts_with("exclude[2].message: ") && error.contains(says), "{error}");
            assert!(!error.contains('\n'));
        }
        assert!(compile(r"(?i)\bstatus=(4|5)\d\d\b.*\p{Greek}", "x").is_ok());
    }
}
