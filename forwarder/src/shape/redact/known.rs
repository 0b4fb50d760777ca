//! Values that are known without an expression of one's own.
//!
//! In doubt a value is redacted: to remove too much is better than to leave a secret. What would make logs useless is
//! spared: versions with five parts, times, MAC addresses, identifiers that are digits by chance.

mod address;
mod candidates;
mod card;

use std::ops::Range;

use memchr::memmem;

use self::candidates::{candidates, captured, expression};
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
        match self {
            Self::Email => {
                candidates(&EMAIL, text).for_each(&mut found);
                if ["\"@", "\"%40"].iter().any(|end| memmem::find(text.as_bytes(), end.as_bytes()).is_some())
                {
                    candidates(&QUOTED_EMAIL, text).for_each(found);
                }
            }
            Self::Ipv4 => address::find_ipv4(text, found),
            Self::Ipv6 => address::find_ipv6(text, found),
            Self::Bearer => {
                tokens(text, &mut found);
                candidates(&JWT, text).for_each(found);
            }
            Self::AwsKey => {
                candidates(&AWS_KEY_ID, text).for_each(&mut found);
                secrets(text, &mut found);
                captured(&AWS_PAIR, text).filter(|at| ends_secret(&text[at.end..])).for_each(found);
            }
            Self::Card => card::find(text, found),
        }
    }
}

/// Letters of e-mail addresses: Latin, combining marks, Greek, Cyrillic, and marks that are not seen. Scripts that are
/// written without spaces are left out: their text stands right beside addresses.
macro_rules! letters {
    () => {
        r"0-9A-Za-zÀ-ɏ\u{300}-\u{52f}\u{ad}\u{200b}-\u{200d}\u{2060}\u{feff}"
    };
}

/// What stands between the two parts of an e-mail address, and its domain.
macro_rules! at_domain {
    () => {
        concat!(
            r"(?:@|%(?:25)?40|&#(?:64|x40);|＠)(?:[",
            letters!(),
            r"-]+(?:\.|%(?:25)?2[Ee]))+",
            r"(?:xn--[0-9A-Za-z-]+|[A-Za-zÀ-ɏ\u{300}-\u{52f}\u{ad}\u{200b}-\u{200d}]{2,})"
        )
    };
}

expression!(
    EMAIL,
    concat!("[", letters!(), "._%+~!#$&*-]+(?:'[", letters!(), "._%+~!#$&*-]+)*", at_domain!())
);
expression!(QUOTED_EMAIL, concat!(r#""[0-9A-Za-z ._+-]{1,64}""#, at_domain!()));
// A plus may be a space of a URL or begin the token: one that stands alone before it is a space. JSON that is cut off
// may leave escapes as they are. A token of Laravel Sanctum begins with a number and a bar.
expression!(
    BEARER,
    concat!(
        r#"(?i)bearer(?:(?:[ \t\r\n:='"<(\[,+\u{a0}]|%20)*(?:[ \t\r\n:='"<(\[,\u{a0}]|%20)|\+)"#,
        r"((?:[0-9]{1,20}(?:\||%7C))?(?:[0-9A-Za-z._~+/=-]|%(?:2[BF]|3D|7[CE])|\\u[0-9A-Fa-f]{4}|\\/){8,})"
    )
);
expression!(JWT, r"eyJ[0-9A-Za-z_-]{5,}\.[0-9A-Za-z_-]{5,}(?:\.[0-9A-Za-z_-]*){0,3}");
expression!(AWS_KEY_ID, r"(?:AKIA|ASIA)[0-9A-Z]{16,}");
expression!(
    AWS_SECRET,
    concat!(
        r"(?i)(?:secret[\s_-]{0,3}(?:access[\s_-]{0,3})?key|aws[\s_-]{0,3}secret)",
        r#"(?:[^0-9A-Za-z/+]{1,8}|[\s"':=>\\]{1,64})((?:[0-9A-Za-z/+\\]|%2[BF]){40,})"#,
        r"|(?:session|security)[\s_-]{0,3}token",
        r#"(?:[^0-9A-Za-z/+]{1,8}|[\s"':=>\\]{1,64})([0-9A-Za-z/+=%\\]{50,})"#
    )
);
// Where the words before such a value begin, as far as they can be in a value themselves.
expression!(AWS_WORD, r"(?i)(?:aws)?secret|aws|session|security");
// As in the file of an access key that AWS's console gives out.
expression!(
    AWS_PAIR,
    r#"(?:AKIA|ASIA)[0-9A-Z]{16}["']?[ \t]{0,8}[,;:|\t ][ \t]{0,8}["']?([0-9A-Za-z/+]{40})"#
);

/// A token of this many characters counts as one, whatever they are.
const LONG_TOKEN: usize = 20;

/// What follows `Bearer`.
fn tokens(text: &str, found: &mut impl FnMut(Range<usize>)) {
    const WORD: usize = "bearer".len();
    let mut at = 0;
    while let Some(all) = BEARER.captures_at(text, at) {
        let (Some(whole), Some(token)) = (all.get(0), all.get(1)) else { break };
        let between = &text[whole.start() + WORD..token.start()];
        // What stands on the next line is something else, more often than not.
        let is_near = !between.contains(['\n', '\r']);
        if token.len() >= LONG_TOKEN || is_near && is_token(token.as_str()) {
            found(token.range());
            // A token may end with the word, and another one follow it.
            let word = token.as_str().to_ascii_lowercase().rfind("bearer");
            at = word.map_or(token.end(), |word| token.start() + word);
        } else {
            at = whole.start() + WORD;
        }
    }
}

/// What follows the words for secrets and session tokens of AWS.
fn secrets(text: &str, found: &mut impl FnMut(Range<usize>)) {
    let mut at = 0;
    while let Some(all) = AWS_SECRET.captures_at(text, at) {
        let Some(value) = all.iter().skip(1).flatten().next() else { break };
        found(value.range());
        // What is taken for a value may end with such a word, and the secret follow it.
        let word = AWS_WORD.find_iter(value.as_str()).last();
        at = word.map_or(value.end(), |word| value.start() + word.start());
    }
}

/// A word in "bearer authentication" is no token.
fn is_token(text: &str) -> bool {
    text.len() >= LONG_TOKEN || text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a secret of 40 characters ends before this text.
fn ends_secret(after: &str) -> bool {
    !after.starts_with(|c: char| c.is_ascii_alphanumeric() || "/+=".contains(c))
}

#[cfg(test)]
mod tests;
