//! Fingerprints of tokens, which tell whether two are the same without saying what they are.

use std::collections::BTreeMap;

use cwl2le_forwarder::secret::is_uuid;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::resources::Stack;

/// A fingerprint of each token that the function's configuration holds itself, by `DESTINATION.KEY`.
///
/// Only of a UUID: its 122 random bits cannot be guessed. A password in a header may be, with a fingerprint to check
/// each guess against, so it gets none.
pub(super) fn tokens(stack: &Stack) -> BTreeMap<String, String> {
    let place = format!("{} {} {}", stack.target.account, stack.target.region, stack.name);
    let mut found = BTreeMap::new();
    for (name, destination) in stack.function.config.iter().flat_map(|config| &config.destinations) {
        let keys = json!(destination);
        for (key, _) in destination.secrets().into_iter().filter(|(_, kept)| kept.is_none()) {
            if let Some(token) = at(&keys, &key).filter(|text| is_uuid(text)) {
                found.insert(format!("{name}.{key}"), hash(&format!("{place}\0{name}\0{key}\0{token}")));
            }
        }
    }
    found
}

/// The text of a key such as `token` or `headers.X-Key`.
fn at<'v>(keys: &'v Value, key: &str) -> Option<&'v str> {
    let value = match key.split_once('.') {
        Some((table, key)) => keys.get(table)?.get(key)?,
        None => keys.get(key)?,
    };
    value.as_str()
}

/// The SHA-256 of a text, in hexadecimal digits.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
