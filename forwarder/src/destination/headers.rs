//! HTTP headers of the configuration, whose values may be secrets.

use std::collections::BTreeMap;
use std::rc::Rc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::time::Instant;

use crate::secret::{HeaderText, Held, Secret, Sensitive, Store};

/// Headers as they stand in the configuration, by name.
pub(super) type Configured = BTreeMap<String, Secret<HeaderText>>;

/// What is ours or the connection's to say.
const OURS: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers with their values.
#[derive(Debug)]
pub(super) struct Headers(Vec<(HeaderName, Held<HeaderText>)>);

/// Checks the names.
pub(super) fn validate(configured: &Configured) -> Result<(), String> {
    configured.keys().try_for_each(|name| read(name).map(drop))
}

fn read(name: &str) -> Result<HeaderName, String> {
    let read: HeaderName = name.parse().map_err(|_| format!("`{name}` cannot be the name of a header"))?;
    if OURS.contains(&read) {
        return Err(format!("the header `{name}` is not yours to set; remove it"));
    }
    Ok(read)
}

impl Headers {
    /// The headers with their values, from the store where they are kept there.
    pub(super) fn new(configured: &Configured, store: &Rc<Store>) -> Result<Self, String> {
        let header = |(name, value): (&String, &Secret<HeaderText>)| {
            let value = Held::new(value, store).map_err(|problem| format!("header `{name}`: {problem}"))?;
            Ok((read(name)?, value))
        };
        configured.iter().map(header).collect::<Result<_, _>>().map(Self)
    }

    /// Puts them into a request, in the place of those that are there.
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        for (name, text) in &self.0 {
            // Every text has been checked to be a value.
            if let Ok(mut value) = HeaderValue::from_str(text.value().expose()) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
    }

    /// The values.
    pub(super) fn exposed(&self) -> Vec<&str> {
        self.0.iter().map(|(_, text)| text.value().expose()).collect()
    }

    /// Notes that the service refuses one of them.
    pub(super) fn refused(&mut self) {
        self.0.iter_mut().for_each(|(_, text)| text.refused());
    }

    /// Reads them again, and tells whether one is another now.
    pub(super) async fn renew(&mut self, until: Instant) -> bool {
        let mut changed = false;
        for (_, text) in &mut self.0 {
            changed |= text.renew(until).await;
        }
        changed
    }
}
