//! Reads what earlier runs have written down, and writes down what this one does.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::manifest::{Manifest, Sent};
use crate::aws::Aws;
use crate::aws::bucket::{Listed, list_all_objects};
use crate::aws::object::{At, get_object, put_object};
use crate::error::{Code, Error, Result};
use crate::resources::kept::MANIFESTS;

/// Maximum size of a manifest, in bytes.
const MOST: u64 = 64 << 20;
/// Maximum number of manifests that are read at once.
const AT_ONCE: usize = 8;
/// Digits of the number of a manifest in its name.
const DIGITS: usize = 5;

/// A manifest of another run, or why it cannot be read.
type Noted = std::result::Result<Manifest, String>;

/// The manifests of a bucket.
#[derive(Debug)]
pub(super) struct Book {
    bucket: String,
    owner: String,
    /// `cwl2le/replayed/STREAM/`.
    prefix: String,
    /// The name of this run: when it began, and something that no other run has.
    run: String,
    /// What goes into the manifest that is written now.
    open: Manifest,
    /// How many manifests this run has filled.
    full: usize,
    has_begun: bool,
}

impl Book {
    /// Of a bucket that belongs to an account, for the records of a stream.
    pub(super) fn new(bucket: &str, owner: &str, stream: &str, open: Manifest) -> Self {
        let run = format!("{}-{:08x}", open.begun.replace(':', "-"), fastrand::u32(..));
        Self {
            bucket: bucket.to_owned(),
            owner: owner.to_owned(),
            prefix: format!("{MANIFESTS}{stream}/"),
            run,
            open,
            full: 0,
            has_begun: false,
        }
    }

    /// What earlier runs have sent.
    ///
    /// # Errors
    /// [`Code::Unreadable`]; what the calls fail with.
    pub(super) async fn sent(&self, aws: Aws<'_>) -> Result<Sent> {
        self.sent_by(self.others(aws).await?)
    }

    /// Writes the first manifest and looks for another run: S3 is consistent, so of two runs at least one sees the
    /// other. Returns what earlier runs have sent; nothing where that does not matter, `again`.
    ///
    /// # Errors
    /// [`Code::InUse`] while another run goes on; [`Code::Unreadable`]; what the calls fail with. Nothing was sent.
    pub(super) async fn begin(&mut self, aws: Aws<'_>, again: bool) -> Result<Sent> {
        self.write(aws).await?;
        self.has_begun = true;
        let begun = self.look_around(aws, again).await;
        if begun.is_err() {
            // The first error is the one to tell.
            let _ = self.end(aws).await;
        }
        begun
    }

    async fn look_around(&self, aws: Aws<'_>, again: bool) -> Result<Sent> {
        let now = i64::try_from(aws.session.time()).unwrap_or_default() * 1000;
        let others = self.others(aws).await?;
        let running = |(listed, other): &(Listed, Noted)| {
            let other = other.as_ref().ok().filter(|other| other.may_run(listed.time, now))?;
            let message = format!(
                "another replay from this bucket is running: {} began it at {}",
                other.by, other.begun
            );
            Some(Error::new(Code::InUse, message).on(self.url(&listed.key)).hint(
                "let it finish or stop it, then run the same command again; one that was killed counts as running for \
                 five minutes",
            ))
        };
        match others.iter().find_map(running) {
            Some(error) => Err(error),
            None if again => Ok(Sent::default()),
            None => self.sent_by(others),
        }
    }

    fn sent_by(&self, others: Vec<(Listed, Noted)>) -> Result<Sent> {
        let mut sent = Sent::default();
        for (listed, manifest) in others {
            let manifest = manifest.map_err(|why| {
                let message = format!("a manifest of an earlier replay cannot be read: {why}");
                Error::new(Code::Unreadable, message).on(self.url(&listed.key)).hint(
                    "use the newest cwl2le; if the object is damaged, move it away, and what it had noted is sent again",
                )
            })?;
            sent.add(manifest);
        }
        Ok(sent)
    }

    /// Notes that a record was sent. It is written by [`Book::write`].
    pub(super) async fn note(&mut self, aws: Aws<'_>, key: &str, records: u64, at: u32) -> Result<()> {
        if self.open.is_full() && !self.open.objects.contains_key(key) {
            self.open.ended = true;
            self.write(aws).await?;
            self.full += 1;
            (self.open.ended, self.open.objects) = (false, BTreeMap::new());
        }
        self.open.note(key, records, at);
        Ok(())
    }

    /// Writes the manifest as it is now, also where the user has asked to stop.
    pub(super) async fn write(&self, aws: Aws<'_>) -> Result<()> {
        let key = self.key(self.full);
        let at = At { bucket: &self.bucket, key: &key, owner: Some(&self.owner) };
        let body = Bytes::from(self.open.to_json());
        Ok(put_object(aws.mending(), at, "application/json", body).await?)
    }

    /// Writes that the run has ended.
    pub(super) async fn end(&mut self, aws: Aws<'_>) -> Result<()> {
        if !self.has_begun {
            return Ok(());
        }
        self.open.ended = true;
        self.write(aws).await
    }

    /// The URLs of the manifests of this run.
    pub(super) fn urls(&self) -> Vec<String> {
        let written = if self.has_begun { self.full + 1 } else { 0 };
        (0..written).map(|number| self.url(&self.key(number))).collect()
    }

    fn key(&self, number: usize) -> String {
        format!("{}{}-{number:0DIGITS$}.json", self.prefix, self.run)
    }

    /// The manifests of other runs.
    async fn others(&self, aws: Aws<'_>) -> Result<Vec<(Listed, Noted)>> {
        let listed = list_all_objects(aws, &self.bucket, &self.prefix, &self.owner).await?;
        let own = format!("{}{}-", self.prefix, self.run);
        let others = listed.into_iter().filter(|listed| !listed.key.starts_with(&own));
        stream::iter(others.map(|listed| self.read(aws, listed))).buffered(AT_ONCE).try_collect().await
    }

    async fn read(&self, aws: Aws<'_>, listed: Listed) -> Result<(Listed, Noted)> {
        let at = At { bucket: &self.bucket, key: &listed.key, owner: Some(&self.owner) };
        let object = get_object(aws, at, MOST).await?;
        Ok((listed, Manifest::read(&object.body)))
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}
