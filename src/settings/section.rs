//! What every section of the file can do, because it is one struct: its fields are flags and keys at once.

use clap::{Args, Command};
use cwl2le_forwarder::schema::keys;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A section of the file whose keys have flags, too, unless they are marked as `#[arg(skip)]`. What is marked as
/// `#[schemars(skip)]` has only a flag.
pub(super) trait Section: Args + Serialize + DeserializeOwned + Default {
    /// The keys, in order.
    fn keys() -> &'static [&'static str] {
        keys::<Self>()
    }

    /// The fields that are given, in order.
    fn given(&self) -> Vec<(&'static str, Value)> {
        let mut all = serde_json::to_value(self).unwrap_or_default();
        let value = |key: &&'static str| Some((*key, all.get_mut(*key)?.take()));
        Self::keys().iter().filter_map(value).filter(|(_, value)| !value.is_null()).collect()
    }

    /// The section with these fields.
    fn of_fields(fields: Map<String, Value>) -> Self {
        // They come from sections of this type.
        serde_json::from_value(Value::Object(fields)).unwrap_or_default()
    }

    /// The name of the flag of a key, without its dashes; of one that has no flag, what it would be.
    fn flag(key: &str) -> String {
        let flags = Self::augment_args(Command::new(""));
        let flag = flags.get_arguments().find(|flag| flag.get_id() == key).and_then(|flag| flag.get_long());
        flag.map_or_else(|| key.replace('_', "-"), ToOwned::to_owned)
    }
}

impl<T: Args + Serialize + DeserializeOwned + Default> Section for T {}

/// A value as it is shown: a text without quotes.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
