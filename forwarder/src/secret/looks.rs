//! What looks like a secret, and what stands in its place.

/// What stands in every output where a secret would be.
pub const REDACTED: &str = "[redacted]";

/// Length of a run of letters and digits from which it may be a token: with a digit in it, and without.
const TOKEN_WITH_DIGIT: usize = 16;
const TOKEN: usize = 24;

/// Whether a text is a UUID in its hyphenated form, as a [`Token`] is.
pub fn is_uuid(text: &str) -> bool {
    let hyphen_at = |at| matches!(at, 8 | 13 | 18 | 23);
    let is_in_place =
        |(at, byte): (usize, u8)| if hyphen_at(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(is_in_place)
}

/// Whether a header, a variable or a parameter holds a secret, by its name.
pub fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "key", "token", "secret", "pass", "cookie", "credential", "signature"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether a text looks like a token: a UUID, or many letters and digits without a break.
pub fn is_token_like(text: &str) -> bool {
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    is_uuid(text)
        || runs.any(|run| {
            let digit = run.bytes().any(|byte| byte.is_ascii_digit());
            run.len() >= TOKEN || digit && run.len() >= TOKEN_WITH_DIGIT
        })
}

/// Replaces everything that looks like a UUID by [`REDACTED`].
///
/// Parsers quote what they refuse, and what they refuse may be a token that stands in the wrong place.
pub fn redact_uuids(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match rest.get(..36).filter(|head| is_uuid(head)) {
            Some(head) => {
                clean.push_str(REDACTED);
                rest = &rest[head.len()..];
            }
            None => {
                clean.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_disappear_from_text() {
        const UUID: &str = "01234567-89ab-cdef-0123-456789ABCDEF";
        assert_eq!(redact_uuids(&format!("é {UUID}, «{UUID}»")), "é [redacted], «[redacted]»");
    }
}
