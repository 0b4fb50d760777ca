//! Reads what earlier runs have written down, and writes down what this one does.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::unreadable::{CHANGED, DENIED, GONE, why};
use crate::aws::Aws;
use crate::aws::bucket::{Listed, list_all_objects};
use crate::aws::object::{At, get_object, put_object};
use crate::error::{Code, Error, Result};
use crate::resources::kept::MANIFESTS;
use crate::signals::replayed::{ALIVE, Entry, Manifest, Sent};

/// Maximum size of a manifest, in bytes.
const MOST: u64 = 64 << 20;
/// Maximum number of manifests that are read at once.
const AT_ONCE: usize = 8;
/// Interval in which a manifest is written at least, so that others see that the run goes on.
const BEAT: Duration = Duration::from_secs(60);
/// Age of what was written last from which on the run looks for others before it sends more: it may have been suspended
/// for so long that another one took it for dead. Less than half of the time that takes.
const STALE: Duration = Duration::from_secs(120);
/// Maximum number of times that a manifest is read that changes meanwhile.
const ATTEMPTS: usize = 5;
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
    /// The ones before it that are full, with their numbers, and not written as they are now.
    full: Vec<(usize, Manifest)>,
    /// The number of the one that is written now.
    number: usize,
    /// When it was written last: by a clock that nobody sets, and in seconds since 1970 by one that goes on while the
    /// machine sleeps. None before the run has begun.
    written: Option<(Instant, u64)>,
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
            full: Vec::new(),
            number: 0,
            written: None,
        }
    }

    /// What earlier runs have sent.
    ///
    /// # Errors
    /// [`Code::Unreadable`]; what the calls fail with.
    pub(super) async fn sent(&self, aws: Aws<'_>) -> Result<Sent> {
        self.sent_by(self.others(aws, i64::MIN).await?)
    }

    /// Writes the first manifest and looks for another run: S3 is consistent, so of two runs at least one sees the
    /// other. Returns what earlier runs have sent; nothing where that does not matter, `again`.
    ///
    /// # Errors
    /// [`Code::InUse`] while another run goes on; [`Code::Unreadable`]; what the calls fail with. Nothing was sent.
    pub(super) async fn begin(&mut self, aws: Aws<'_>, again: bool) -> Result<Sent> {
        self.write(aws.mending()).await?;
        let begun = async {
            let others = self.others(aws, i64::MIN).await?;
            self.is_alone(aws, &others)?;
            if again { Ok(Sent::default()) } else { self.sent_by(others) }
        };
        let begun = begun.await;
        if begun.is_err() {
            // The first error is the one to tell.
            let _ = self.end(aws).await;
        }
        begun
    }

    /// Looks for another run if this one has not shown itself for long: of two at least one sees the other, as in
    /// [`Book::begin`].
    ///
    /// # Errors
    /// [`Code::InUse`] where another run has begun; what the calls fail with.
    pub(super) async fn check(&mut self, aws: Aws<'_>) -> Result<()> {
        if self.age(aws) < STALE {
            return Ok(());
        }
        self.write(aws.mending()).await?;
        let now = i64::try_from(aws.session.time()).unwrap_or_default() * 1000;
        self.is_alone(aws, &self.others(aws, now - ALIVE).await?)
    }

    /// Does some work, and meanwhile writes the manifest as often as others expect it of a run that goes on.
    pub(super) async fn beating<T>(&mut self, aws: Aws<'_>, work: impl Future<Output = T>) -> T {
        let (ended, mut has_ended) = oneshot::channel::<()>();
        let work = async {
            let done = work.await;
            drop(ended);
            done
        };
        // A write that has begun is awaited: it must not overtake the next one.
        let beats = async {
            while self.written.is_some() {
                if timeout(BEAT.saturating_sub(self.age(aws)), &mut has_ended).await.is_ok() {
                    return;
                }
                if self.write(aws).await.is_err() && timeout(BEAT, &mut has_ended).await.is_ok() {
                    return;
                }
            }
        };
        join(work, beats).await.0
    }

    /// How long ago the manifest was written last; nothing before that.
    fn age(&self, aws: Aws<'_>) -> Duration {
        let age = |(instant, seconds): (Instant, u64)| {
            instant.elapsed().max(Duration::from_secs(aws.session.time().saturating_sub(seconds)))
        };
        self.written.map(age).unwrap_or_default()
    }

    fn is_alone(&self, aws: Aws<'_>, others: &[(Listed, Noted)]) -> Result<()> {
        let now = i64::try_from(aws.session.time()).unwrap_or_default() * 1000;
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
        others.iter().find_map(running).map_or(Ok(()), Err)
    }

    fn sent_by(&self, others: Vec<(Listed, Noted)>) -> Result<Sent> {
        let mut sent = Sent::default();
        for (listed, manifest) in others {
            let manifest = manifest.map_err(|why| {
                let message = format!("a manifest of an earlier replay cannot be read: {why}");
                Error::new(Code::Unreadable, message).on(self.url(&listed.key)).hint(
                    "use the newest cwl2le, and restore an object that is in an archive of S3; or send what earlier runs \
                     have sent, too, with --again",
                )
            })?;
            // What went to one destination has not gone to another. What went into the stream has gone to those of its
            // time, as they were set up then: who names one wants it to get everything.
            if manifest.into == self.open.into {
                sent.add(manifest);
            }
        }
        Ok(sent)
    }

    /// Notes that a record was sent. It is written by [`Book::write`].
    pub(super) fn note(&mut self, key: &str, entry: &Entry, at: u32) {
        if self.open.is_full_for(key) {
            self.full.push((self.number, self.open.turn_over()));
            self.number += 1;
        }
        self.open.note(key, entry, at);
    }

    /// Writes what is noted. The open manifest comes first: one of a run that goes on is always seen as such.
    ///
    /// # Errors
    /// What the calls fail with. The next call writes everything that this one did not.
    pub(super) async fn write(&mut self, aws: Aws<'_>) -> Result<()> {
        let now = (Instant::now(), aws.session.time());
        self.put(aws, self.number, &self.open).await?;
        self.written = Some(now);
        while let Some((number, full)) = self.full.last() {
            self.put(aws, *number, full).await?;
            self.full.pop();
        }
        Ok(())
    }

    async fn put(&self, aws: Aws<'_>, number: usize, manifest: &Manifest) -> Result<()> {
        let key = self.key(number);
        let at = At { bucket: &self.bucket, key: &key, owner: Some(&self.owner) };
        Ok(put_object(aws, at, "application/json", Bytes::from(manifest.to_json())).await?)
    }

    /// Writes that the run has ended, also where the user has asked to stop.
    pub(super) async fn end(&mut self, aws: Aws<'_>) -> Result<()> {
        if self.written.is_none() {
            return Ok(());
        }
        self.open.ended = true;
        self.write(aws.mending()).await
    }

    /// The URLs of the manifests of this run.
    pub(super) fn urls(&self) -> Vec<String> {
        let written = if self.written.is_some() { self.number + 1 } else { 0 };
        (0..written).map(|number| self.url(&self.key(number))).collect()
    }

    fn key(&self, number: usize) -> String {
        format!("{}{}-{number:0DIGITS$}.json", self.prefix, self.run)
    }

    /// The manifests of other runs that were written since then, in milliseconds since 1970.
    async fn others(&self, aws: Aws<'_>, since: i64) -> Result<Vec<(Listed, Noted)>> {
        let listed = list_all_objects(aws, &self.bucket, &self.prefix, &self.owner).await?;
        let own = format!("{}{}-", self.prefix, self.run);
        let others = listed.into_iter().filter(|listed| {
            // A key that ends in a slash is what consoles make for a folder.
            listed.time >= since && !listed.key.starts_with(&own) && !listed.key.ends_with('/')
        });
        let read = stream::iter(others.map(|listed| self.read(aws, listed))).buffered(AT_ONCE);
        read.try_filter_map(async |other| Ok(other)).try_collect().await
    }

    /// None for one that was deleted since it was listed.
    async fn read(&self, aws: Aws<'_>, listed: Listed) -> Result<Option<(Listed, Noted)>> {
        let at = At { bucket: &self.bucket, key: &listed.key, owner: Some(&self.owner) };
        for _ in 0..ATTEMPTS {
            let noted = match get_object(aws, at, MOST).await {
                Ok(object) => Manifest::read(&object.body),
                Err(error) if error.is(&[GONE]) => return Ok(None),
                // Its run has written it again between two pieces.
                Err(error) if error.is(&[CHANGED]) => continue,
                Err(error) if error.is(&[DENIED]) => return Err(error.into()),
                Err(error) => Err(why(error)?),
            };
            return Ok(Some((listed, noted)));
        }
        Ok(Some((listed, Err("it changes all the time".to_owned()))))
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}
