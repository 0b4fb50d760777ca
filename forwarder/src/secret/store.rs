//! The secrets that the configuration refers to: read at start, and again when a log service rejects one, or every five
//! minutes for a service that cannot report that.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::reader::{Reader, Unreadable};
use super::reference::{Keeper, Reference};
use crate::note::{Level, Note};

/// Minimum time between two reads of one text: a log service that is down closes connections all the time.
const BETWEEN_READS: Duration = Duration::from_secs(60);
/// Maximum time that reading a text again may delay the logs. After that, the known text is used.
const AGAIN: Duration = Duration::from_secs(3);

/// Interval at which a text is read again if the log service cannot say that it refuses it.
const REREAD: Duration = Duration::from_secs(300);

/// The texts that a configuration refers to. Without references it is empty and never calls anybody.
#[derive(Default)]
pub struct Store {
    reader: Option<Box<dyn Reader>>,
    /// By keeper and name, so that several fields of one secret are one request.
    texts: RefCell<BTreeMap<(Keeper, String), Text>>,
    remarks: RefCell<Vec<Note>>,
    /// Whether secrets are not to be had: see [`Store::stand_in`].
    pub(super) stands_in: bool,
    /// [`REREAD`], unless a test says otherwise.
    reread: Option<Duration>,
}

struct Text {
    text: String,
    /// When it was last read with success. The time of day: the monotonic clock stands still while Lambda freezes the
    /// function.
    read: SystemTime,
    /// How often it has changed since the start.
    version: u64,
    /// When it was last asked for since the start, with success or without.
    asked: Option<Instant>,
}

impl Store {
    /// A store for looking at what would be sent. A [stand-in](super::Sensitive::stand_in) replaces every secret, also
    /// those that the configuration holds itself.
    pub fn stand_in() -> Self {
        Self { stands_in: true, ..Self::default() }
    }

    /// Reads everything that is referred to, side by side, each name once.
    ///
    /// # Errors
    /// The first that cannot be read before `until`.
    pub async fn read(
        reader: impl Reader + 'static,
        references: impl IntoIterator<Item = &Reference>,
        until: Instant,
    ) -> Result<Self, Unreadable> {
        let names: BTreeSet<(Keeper, &String)> =
            references.into_iter().map(|reference| (reference.keeper, &reference.name)).collect();
        let reads = names.into_iter().map(|(keeper, name)| {
            let reader = &reader;
            async move {
                match reader.read(keeper, name, until).await {
                    Ok(text) => Ok(((keeper, name.clone()), text)),
                    Err(error) => {
                        let reference = Reference { keeper, name: name.clone(), key: None };
                        Err(Unreadable { reference, error })
                    }
                }
            }
        });
        let texts = join_all(reads).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(texts, reader))
    }

    /// A store of texts that have been read. They are read again by `reader`.
    pub fn of(
        texts: impl IntoIterator<Item = ((Keeper, String), String)>,
        reader: impl Reader + 'static,
    ) -> Self {
        let read = SystemTime::now();
        let texts =
            texts.into_iter().map(|(name, text)| (name, Text { text, read, version: 0, asked: None }));
        Self { reader: Some(Box::new(reader)), texts: RefCell::new(texts.collect()), ..Self::default() }
    }

    /// The text of a reference, without the space around it.
    ///
    /// # Errors
    /// It was not read; it is no JSON object with the key. The words do not quote it.
    pub fn text(&self, reference: &Reference) -> Result<String, String> {
        let texts = self.texts.borrow();
        let Some(Text { text, .. }) = texts.get(&(reference.keeper, reference.name.clone())) else {
            return Err(format!("{reference} has not been read"));
        };
        // Some editors save a byte order mark, and the AWS CLI's `file://` keeps it.
        let text = text.trim_start_matches('\u{feff}').trim();
        let Some(key) = &reference.key else { return Ok(text.to_owned()) };
        match serde_json::from_str::<Value>(text).ok().as_ref().and_then(|fields| fields.get(key)) {
            Some(Value::String(value)) => Ok(value.trim().to_owned()),
            Some(_) => Err(format!("{reference}: the value of the key is not a string")),
            None => Err(format!("{reference}: its text is no JSON object with this key")),
        }
    }

    /// Changes the interval at which secrets are read again where a log service cannot refuse them: five minutes.
    #[must_use]
    pub fn reread_after(self, reread: Duration) -> Self {
        Self { reread: Some(reread), ..self }
    }

    /// How long ago the oldest of the texts in use was read; `None` without references. A text that cannot be read
    /// again gets older, and one that is read again and has not changed is as good as new.
    pub fn oldest(&self) -> Option<Duration> {
        let texts = self.texts.borrow();
        texts.values().map(|text| text.read.elapsed().unwrap_or_default()).max()
    }

    /// Whether a text is so old that it may have changed. A clock that was set back counts as old.
    pub(super) fn is_old(&self, reference: &Reference) -> bool {
        let most = self.reread.unwrap_or(REREAD);
        let texts = self.texts.borrow();
        let text = texts.get(&(reference.keeper, reference.name.clone()));
        text.is_some_and(|text| text.read.elapsed().map_or(true, |age| age >= most))
    }

    pub(super) fn version(&self, reference: &Reference) -> u64 {
        self.texts.borrow().get(&(reference.keeper, reference.name.clone())).map_or(0, |text| text.version)
    }

    /// What happened since this was last asked that an operator may want to know.
    pub fn remarks(&self) -> Vec<Note> {
        self.remarks.take()
    }

    pub(super) fn remark(&self, level: Level, message: &str, reference: &Reference, why: Option<String>) {
        let fields = match why {
            Some(why) => json!({ "reference": reference.to_string(), "why": why }),
            None => json!({ "reference": reference.to_string() }),
        };
        self.remarks.borrow_mut().push(Note::new(level, message, fields));
    }

    /// Reads a text again, unless that has happened after `suspected` or less than a minute ago. Tells whether it has
    /// been asked for since `suspected`. What cannot be read stays as it is.
    pub(super) async fn read_again(&self, reference: &Reference, suspected: Instant, until: Instant) -> bool {
        let Some(reader) = &self.reader else { return true };
        let (name, now) = ((reference.keeper, reference.name.clone()), Instant::now());
        let between = self.reread.map_or(BETWEEN_READS, |reread| reread.min(BETWEEN_READS));
        match self.texts.borrow_mut().get_mut(&name) {
            Some(Text { asked: Some(asked), .. }) if *asked >= suspected => return true,
            Some(Text { asked: Some(asked), .. }) if now < *asked + between => return false,
            Some(known) => known.asked = Some(now),
            None => return true,
        }
        match reader.read(reference.keeper, &reference.name, until.min(now + AGAIN)).await {
            Ok(text) => {
                if let Some(known) = self.texts.borrow_mut().get_mut(&name) {
                    known.version += u64::from(known.text != text);
                    (known.text, known.read) = (text, SystemTime::now());
                }
            }
            Err(error) => {
                let message = "a secret cannot be read again; the value that is known is used";
                let unreadable = Unreadable { reference: reference.clone(), error };
                self.remark(Level::Warn, message, reference, Some(unreadable.to_string()));
            }
        }
        true
    }
}

/// Names what is kept, and not what it is.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.texts.borrow().keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use cwl2le_local::ReservedPort;

    use super::*;
    use crate::aws::tests::aws;

    #[tokio::test]
    async fn a_store_that_is_not_there_is_given_up_in_time_with_what_to_look_at() {
        let nobody = ReservedPort::new().unwrap();
        let reference = Reference::new(Keeper::SecretsManager, "tokens#app").unwrap();
        let until = Instant::now() + Duration::from_secs(2);
        let problem = Store::read(aws(&nobody.url()), [&reference], until).await.unwrap_err().to_string();
        assert!(problem.starts_with("Secrets Manager secret `tokens` cannot be read: "), "{problem}");
        assert!(
            problem.contains("failed: connect: 127.0.0.1") && problem.contains("NAT gateway"),
            "{problem}"
        );
    }

    #[test]
    fn a_byte_order_mark_and_the_space_around_a_text_are_left_out() {
        let texts = [("/plain", "\u{feff} hidden\r\n"), ("/object", "\u{feff}{\"key\": \" hidden\"}")];
        let texts = texts.map(|(name, text)| {
            (
                (Keeper::Ssm, name.to_owned()),
                Text { text: text.to_owned(), read: SystemTime::now(), version: 0, asked: None },
            )
        });
        let store = Store { texts: RefCell::new(texts.into()), ..Store::default() };
        for name in ["/plain", "/object#key"] {
            let reference = Reference::new(Keeper::Ssm, name).unwrap();
            assert_eq!(store.text(&reference).as_deref(), Ok("hidden"), "{name}");
        }
    }
}
