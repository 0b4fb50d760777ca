//! Secrets: a value written in place, or the name of where it is kept.
//!
//! Nothing here shows a secret by accident: `Debug` and `Display` of a [`Token`] print `[redacted]`, and no
//! error carries the text that was refused. The real value leaves only through [`Token::expose`] and through
//! serde, because the configuration has to be written somewhere.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// What stands in every output where a secret would be.
pub const REDACTED: &str = "[redacted]";

/// The token of one Logentries log: a UUID in its hyphenated form, 36 characters.
///
/// The text is kept as it was given, upper or lower case, because it goes over the wire as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

impl Token {
    /// The real value. Only for the wire and for the configuration that is handed to the function.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A text that is not a UUID was given as a token. It does not repeat the text, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token is a UUID (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, x hexadecimal); this is not one ({length} characters); \
     copy it from the log's settings in Logentries / InsightOps"
)]
pub struct InvalidToken {
    /// How long the refused text was, in characters.
    pub length: usize,
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let hyphen_at = |at| matches!(at, 8 | 13 | 18 | 23);
        let well_formed = text.len() == 36
            && text
                .bytes()
                .enumerate()
                .all(|(at, byte)| if hyphen_at(at) { byte == b'-' } else { byte.is_ascii_hexdigit() });
        if well_formed { Ok(Self(text.into())) } else { Err(InvalidToken { length: text.chars().count() }) }
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

/// A secret, or where it is kept.
///
/// In JSON: a plain string is the value itself, `{"ssm":"/name"}` a parameter of SSM Parameter Store and
/// `{"secretsmanager":"arn or name"}` a secret of Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret<T> {
    /// The value itself.
    Inline(T),
    /// The name or ARN of an SSM parameter.
    Ssm(String),
    /// The name or ARN of a Secrets Manager secret.
    SecretsManager(String),
}

impl<T> Secret<T> {
    /// The value when it is written in place, `None` when it is kept elsewhere.
    pub fn inline(&self) -> Option<&T> {
        match self {
            Self::Inline(value) => Some(value),
            Self::Ssm(_) | Self::SecretsManager(_) => None,
        }
    }
}

impl Serialize for Secret<Token> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, reference) = match self {
            Self::Inline(token) => return serializer.serialize_str(token.expose()),
            Self::Ssm(name) => ("ssm", name),
            Self::SecretsManager(name) => ("secretsmanager", name),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(key, reference)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Secret<Token> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret<Token>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a token (UUID), {"ssm":"/name"} or {"secretsmanager":"arn"}"#)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Secret::Inline).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((store, name)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::custom(
                r#"an empty object is no secret; give {"ssm":"/name"} or {"secretsmanager":"arn"}"#,
            ));
        };
        if name.is_empty() {
            return Err(de::Error::custom(format!(
                "`{store}` needs the name or ARN of the secret, and it is empty"
            )));
        }
        if map.next_key::<String>()?.is_some() {
            return Err(de::Error::custom(
                "a secret is kept in one place: give either `ssm` or `secretsmanager`",
            ));
        }
        match store.as_str() {
            "ssm" => Ok(Secret::Ssm(name)),
            "secretsmanager" => Ok(Secret::SecretsManager(name)),
            _ => Err(de::Error::unknown_field(&store, &["ssm", "secretsmanager"])),
        }
    }
}

/// Replaces everything that looks like a UUID by [`REDACTED`].
///
/// Parsers quote what they refuse, and what they refuse may be a token that stands in the wrong place.
pub fn redact_uuids(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match rest.get(..36).filter(|head| head.parse::<Token>().is_ok()) {
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
    fn references_are_read_and_written() {
        for json in [
            format!("\"{UUID}\""),
            r#"{"ssm":"/cwl2le/token"}"#.into(),
            r#"{"secretsmanager":"arn:aws:x"}"#.into(),
        ] {
            let secret: Secret<Token> = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&secret).unwrap(), json);
        }
        for json in
            ["{}", r#"{"ssm":""}"#, r#"{"vault":"x"}"#, r#"{"ssm":"a","secretsmanager":"b"}"#, "7", "null"]
        {
            assert!(serde_json::from_str::<Secret<Token>>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn uuids_disappear_from_text() {
        assert_eq!(redact_uuids(&format!("é {UUID}, «{UUID}»")), "é [redacted], «[redacted]»");
    }
}
