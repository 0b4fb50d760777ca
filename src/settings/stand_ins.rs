//! Texts that stand for secrets which nobody reads, and that can be found again in whatever is made of them.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::secrets::Source;
use super::service::{self, is_telling};

/// What stands for the secrets of a stack, in the order in which they are met.
#[derive(Debug, Default)]
pub(crate) struct StandIns(RefCell<Vec<StandIn>>);

/// What stands for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StandIn {
    /// The destination that it is of.
    pub(crate) destination: String,
    /// Its key in the configuration, such as `token` or `headers.Api-Key`.
    pub(crate) key: String,
    /// The text that stands for it.
    pub(crate) text: String,
}

impl StandIns {
    /// Those that were needed.
    pub(crate) fn into_inner(self) -> Vec<StandIn> {
        self.0.into_inner()
    }

    /// For a secret of the file that `setup` would hand to the function. Where the function reads it itself, it stands
    /// for nothing.
    pub(super) fn of_file(&self, destination: &str, secret: &service::Secret) -> Value {
        match &secret.source {
            Source::Kept(kept) => json!(kept.reference),
            // Such as a URL that says nothing but where lines go.
            Source::Inline(text) if !is_telling(&secret.key, text.expose()) => text.expose().into(),
            Source::Env(_) | Source::File(_) | Source::Inline(_) => self.of(destination, &secret.key).into(),
        }
    }

    /// For the secret at this place: a text of the form of a token, and of a URL where one is expected.
    pub(super) fn of(&self, destination: &str, key: &str) -> String {
        let mut all = self.0.borrow_mut();
        let known = all.iter().find(|known| known.destination == destination && known.key == key);
        if let Some(known) = known {
            return known.text.clone();
        }
        let text = format!("c5121e00-57a0-4d1e-8000-{:012x}", all.len() + 1);
        let text = if service::URLS.contains(&key) { format!("https://{text}.invalid/") } else { text };
        all.push(StandIn { destination: destination.to_owned(), key: key.to_owned(), text: text.clone() });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_stands_for_a_url() {
        let all = StandIns::default();
        for key in service::URLS {
            assert!(all.of("collector", key).starts_with("https://"), "{key}");
        }
        assert_eq!(all.of("collector", "url"), all.of("collector", "url"));
        assert_eq!(all.into_inner().len(), 2);
    }
}
