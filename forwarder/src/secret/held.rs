//! A secret with its value, read again when it may have changed.

use std::rc::Rc;

use tokio::time::Instant;

use super::redactor;
use super::reference::Reference;
use super::value::{Secret, Sensitive};
use crate::note::Level;
use crate::secret::Store;

/// A secret with its value, wherever that came from.
#[derive(Debug)]
pub struct Held<T> {
    value: T,
    source: Option<Source>,
}

#[derive(Debug)]
struct Source {
    store: Rc<Store>,
    reference: Reference,
    /// Since when the log service seems to refuse the value.
    suspected: Option<Instant>,
    /// Whether the log service cannot refuse it, so that its age is what counts.
    ages: bool,
    /// Which version of the text the value was made of.
    version: u64,
}

impl<T: Sensitive> Held<T> {
    /// A secret of the configuration, with its value from the store if it is kept there.
    ///
    /// # Errors
    /// The store has no such text, or it is no valid value.
    pub fn new(secret: &Secret<T>, store: &Rc<Store>) -> Result<Self, String> {
        if store.stands_in {
            return Ok(Self { value: T::stand_in(), source: None });
        }
        let reference = match secret {
            Secret::Inline(value) => return Ok(Self { value: value.clone(), source: None }),
            Secret::Kept(reference) => reference.clone(),
        };
        let (value, version) = (parsed(store, &reference)?, store.version(&reference));
        Ok(Self {
            value,
            source: Some(Source {
                store: Rc::clone(store),
                reference,
                suspected: None,
                ages: false,
                version,
            }),
        })
    }

    /// For a protocol that does not tell when the value is refused: [`Held::renew`] reads it again every five minutes.
    #[must_use]
    pub fn aging(mut self) -> Self {
        if let Some(source) = &mut self.source {
            source.ages = true;
        }
        self
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Notes that the log service has refused the value, or may have.
    pub fn refused(&mut self) {
        if let Some(source) = &mut self.source {
            source.suspected.get_or_insert_with(Instant::now);
        }
    }

    /// Reads a refused value again, at most once a minute, or one that is too old, and tells whether it is another now.
    /// The value that is known stays where the store cannot be reached or has no valid one.
    pub async fn renew(&mut self, until: Instant) -> bool {
        let Some(source) = &mut self.source else { return false };
        if source.ages && source.store.is_old(&source.reference) {
            source.suspected.get_or_insert_with(Instant::now);
        }
        if let Some(suspected) = source.suspected
            && source.store.read_again(&source.reference, suspected, until).await
        {
            source.suspected = None;
        }
        // Another destination may have read it, too.
        let version = source.store.version(&source.reference);
        if version == source.version {
            return false;
        }
        source.version = version;
        match parsed::<T>(&source.store, &source.reference) {
            Ok(value) if value.expose() != self.value.expose() => {
                let message = "a secret has changed; the new value is used from now on";
                source.store.remark(Level::Info, message, &source.reference, None);
                self.value = value;
                true
            }
            Ok(_) => false,
            Err(why) => {
                let message = "a secret has become invalid; the value that is known is used";
                source.store.remark(Level::Warn, message, &source.reference, Some(why));
                false
            }
        }
    }
}

fn parsed<T: Sensitive>(store: &Store, reference: &Reference) -> Result<T, String> {
    let text = store.text(reference)?;
    redactor::learn(&text);
    redactor::learn_url(&text);
    let refused = |why: String| format!("the text of {reference} is not valid: {why}");
    let value: T = text.parse().map_err(|error: T::Err| refused(error.to_string()))?;
    value.check_kept().map_err(refused)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::secret::Token;
    use crate::secret::reference::Keeper;

    #[tokio::test]
    async fn a_secret_that_stands_in_the_configuration_is_never_asked_for() {
        let token: Token = "01234567-89ab-cdef-0123-456789abcdef".parse().unwrap();
        let mut held = Held::new(&Secret::Inline(token.clone()), &Rc::default()).unwrap();
        held.refused();
        assert!(!held.renew(Instant::now() + Duration::from_secs(60)).await);
        assert!(*held.value() == token);
        let unread = Secret::<Token>::Kept(Reference::new(Keeper::Ssm, "/token").unwrap());
        assert!(Held::new(&unread, &Rc::default()).unwrap_err().contains("has not been read"));
    }
}
