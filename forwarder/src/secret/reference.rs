//! The name of a text that AWS keeps, and how it stands in a configuration.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Who keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeper {
    /// SSM Parameter Store.
    Ssm,
    /// Secrets Manager.
    SecretsManager,
}

impl Keeper {
    /// The key of a configuration that stands for it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ssm => "ssm",
            Self::SecretsManager => "secretsmanager",
        }
    }
}

/// A text in SSM Parameter Store or Secrets Manager.
///
/// In JSON: `{"ssm":"/name"}` or `{"secretsmanager":"arn or name"}`. `#KEY` at the end takes one field of a text that
/// is a JSON object, as Secrets Manager's console makes them; no name of either store has a `#` in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Who keeps it.
    pub keeper: Keeper,
    /// Its name or ARN; of a parameter also with `:VERSION` or `:LABEL`.
    pub name: String,
    /// The field of it that is meant, where its text is a JSON object.
    pub key: Option<String>,
}

impl Reference {
    /// Reads `NAME` or `NAME#KEY`.
    ///
    /// # Errors
    /// An empty name or key.
    pub fn new(keeper: Keeper, text: &str) -> Result<Self, String> {
        let (name, key) = text.split_once('#').map_or((text, None), |(name, key)| (name, Some(key)));
        if name.trim().is_empty() {
            return Err(format!(
                "`{}` needs the name or ARN of what is kept there, and it is empty",
                keeper.key()
            ));
        }
        if key.is_some_and(str::is_empty) {
            return Err(format!("the key after `#` in `{text}` is empty; give a key, or leave `#` out"));
        }
        Ok(Self { keeper, name: name.to_owned(), key: key.map(str::to_owned) })
    }

    /// As it is written: `NAME` or `NAME#KEY`.
    pub fn text(&self) -> String {
        self.key.as_ref().map_or_else(|| self.name.clone(), |key| format!("{}#{key}", self.name))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.keeper {
            Keeper::Ssm => "SSM parameter",
            Keeper::SecretsManager => "Secrets Manager secret",
        };
        write!(f, "{what} `{}`", self.text())
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.keeper.key(), &self.text())?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;
        impl<'de> Visitor<'de> for Place {
            type Value = Reference;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"{"ssm":"/name"} or {"secretsmanager":"arn or name"}"#)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reference, A::Error> {
                Reference::of_map(map)
            }
        }
        deserializer.deserialize_map(Place)
    }
}

impl Reference {
    /// Reads the one entry of a map.
    pub(crate) fn of_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let Some((keeper, text)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::custom(
                r#"an empty object names nothing; give {"ssm":"/name"} or {"secretsmanager":"arn or name"}"#,
            ));
        };
        let keeper = [Keeper::Ssm, Keeper::SecretsManager]
            .into_iter()
            .find(|known| known.key() == keeper)
            .ok_or_else(|| de::Error::unknown_field(&keeper, &["ssm", "secretsmanager"]))?;
        let reference = Self::new(keeper, &text).map_err(de::Error::custom)?;
        if map.next_key::<String>()?.is_some() {
            return Err(de::Error::custom("it is kept in one place: give either `ssm` or `secretsmanager`"));
        }
        Ok(reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written() {
        for (json, key) in [
            (r#"{"ssm":"/cwl2le/token"}"#, None),
            (r#"{"secretsmanager":"arn:aws:secretsmanager:r:1:secret:x-AbCdEf#token"}"#, Some("token")),
        ] {
            let reference: Reference = serde_json::from_str(json).unwrap();
            assert_eq!(reference.key.as_deref(), key);
            assert_eq!(serde_json::to_string(&reference).unwrap(), json);
        }
        for json in [
            "{}",
            r#"{"ssm":""}"#,
            r##"{"ssm":"#key"}"##,
            r##"{"ssm":"name#"}"##,
            r#"{"vault":"x"}"#,
            r#"{"ssm":"a","secretsmanager":"b"}"#,
            "7",
        ] {
            assert!(serde_json::from_str::<Reference>(json).is_err(), "{json}");
        }
    }
}
