//! Secrets: a value written in place, or the name of where it is kept.
//!
//! Nothing here shows a secret by accident: `Debug` and `Display` of a [`Token`] print `[redacted]`, and no
//! error carries the text that was refused. The real value leaves only through [`Sensitive::expose`] and through
//! serde, because the configuration has to be written somewhere. Where it comes back, in the words of a service, the
//! [`redactor`] knows it.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::looks::{REDACTED, is_uuid};
use super::redactor;
use super::reference::Reference;

/// The token of one Logentries log: a UUID in its hyphenated form, 36 characters.
///
/// The text is kept as it was given, upper or lower case, because it goes over the wire as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

/// A text that is not a UUID was given as a token. It does not repeat the text, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidToken {
    /// How long the refused text was, in characters.
    pub length: usize,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length {
            0 => f.write_str("the token is empty"),
            36 => f.write_str("a token is a UUID: 32 hexadecimal digits and four hyphens"),
            length => write!(f, "a token is a UUID of 36 characters, not {length}"),
        }
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        if !is_uuid(text) {
            return Err(InvalidToken { length: text.chars().count() });
        }
        redactor::learn(text);
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The value of an HTTP header, which may be a key: printable characters, one at least.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderText(Box<str>);

/// A text that cannot be the value of a header. It is not repeated: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value of a header is a text of printable characters on one line, and not empty")]
pub struct InvalidHeader;

impl FromStr for HeaderText {
    type Err = InvalidHeader;

    fn from_str(text: &str) -> Result<Self, InvalidHeader> {
        let is_value = !text.trim().is_empty() && http::HeaderValue::from_str(text).is_ok();
        if is_value { Ok(Self(text.into())) } else { Err(InvalidHeader) }
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Sensitive for HeaderText {
    fn expose(&self) -> &str {
        &self.0
    }

    fn stand_in() -> Self {
        Self("xxxxxxxx".into())
    }
}

/// A text that goes over the wire and nowhere else.
pub trait Sensitive: Clone + FromStr<Err: fmt::Display> {
    /// The real value. Only for the wire and for the configuration that is handed to the function.
    fn expose(&self) -> &str;

    /// What stands for one that is not to be shown, and takes as much room where lines are framed.
    fn stand_in() -> Self;

    /// Checks one that is kept elsewhere beyond its form.
    ///
    /// # Errors
    /// Why it must not be used. The words do not quote it.
    fn check_kept(&self) -> Result<(), String> {
        Ok(())
    }
}

/// What stands for a [`Token`] where lines are only looked at: of its length, and no UUID.
pub const TOKEN_STAND_IN: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

impl Sensitive for Token {
    fn expose(&self) -> &str {
        &self.0
    }

    fn stand_in() -> Self {
        Self(TOKEN_STAND_IN.into())
    }
}

/// A secret, or where it is kept: in JSON, a plain string is the value itself, and an object is a [`Reference`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret<T> {
    /// The value itself.
    Inline(T),
    /// Where the function reads it.
    Kept(Reference),
}

impl<T> Secret<T> {
    /// The value itself, if it stands here.
    pub fn inline(&self) -> Option<&T> {
        match self {
            Self::Inline(value) => Some(value),
            Self::Kept(_) => None,
        }
    }

    /// Where it is kept, if it does not stand here.
    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Inline(_) => None,
            Self::Kept(reference) => Some(reference),
        }
    }
}

impl<T: Sensitive> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Inline(value) => serializer.serialize_str(value.expose()),
            Self::Kept(reference) => reference.serialize(serializer),
        }
    }
}

impl<'de, T: Sensitive> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor(PhantomData))
    }
}

struct SecretVisitor<T>(PhantomData<T>);

impl<'de, T: Sensitive> Visitor<'de> for SecretVisitor<T> {
    type Value = Secret<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"the secret itself, {"ssm":"/name"} or {"secretsmanager":"arn or name"}"#)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Secret::Inline).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Reference::of_map(map).map(Secret::Kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "01234567-89ab-cdef-0123-456789ABCDEF";

    #[test]
    fn a_token_is_a_uuid_and_is_never_shown() {
        let token: Token = UUID.parse().unwrap();
        assert_eq!(token.expose(), UUID);
        assert_eq!(
            format!("{token} {token:?} {:?}", Secret::Inline(token.clone())),
            "[redacted] [redacted] Inline([redacted])"
        );
        for wrong in [
            "",
            "x",
            "01234567-89ab-cdef-0123-456789abcde",
            "01234567-89ab-cdef-0123-456789abcdeg",
            "0123456789abcdef0123456789abcdef0123",
        ] {
            let error = wrong.parse::<Token>().unwrap_err().to_string();
            assert!(wrong.len() < 2 || !error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn a_secret_is_read_and_written() {
        for json in [
            format!("\"{UUID}\""),
            r#"{"ssm":"/cwl2le/token"}"#.into(),
            r#"{"secretsmanager":"arn:aws:x"}"#.into(),
        ] {
            let secret: Secret<Token> = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&secret).unwrap(), json);
        }
        for json in ["{}", "7", "null", "\"x\""] {
            assert!(serde_json::from_str::<Secret<Token>>(json).is_err(), "{json}");
        }
    }
}
