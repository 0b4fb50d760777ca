//! A bucket as a source: the objects that Lambda or the forwarder has written there, less what manifests say was sent.

use std::collections::VecDeque;

use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::bookkeeping::Book;
use super::contents::{Contents, Kept};
use super::copies::{Copies, entry, number};
use super::quarantine::REFUSED;
use super::unreadable::{DENIED, why};
use super::{Found, Left, Parcel, Portion, Source};
use crate::aws::bucket::{Listed, list_all_objects};
use crate::aws::object::{At, StoredObject, get_object};
use crate::aws::{Aws, AwsError};
use crate::commands::replay::chosen::Chosen;
use crate::commands::replay::reading::Reading;
use crate::error::Result;
use crate::signals::replayed::{Entry, Manifest, Sent};

/// Maximum size of an object that can be one of Lambda or the forwarder, in bytes. An invocation has 6 MB at most.
const MOST: u64 = 64 << 20;
/// Maximum number of objects that are read at once.
const AT_ONCE: usize = 8;
/// Number of objects that are read ahead.
const AHEAD: usize = 16;
/// Maximum bytes of objects that are read ahead, unless one alone has more.
const AHEAD_BYTES: u64 = 32 << 20;

/// Reads an object, or says why it cannot be read.
pub(in super::super) type ReadContents = fn(&StoredObject) -> std::result::Result<Contents, String>;

/// Where objects are, and what they are.
#[derive(Debug, Clone)]
pub(in super::super) struct Shelf {
    /// The bucket.
    pub(in super::super) bucket: String,
    /// The account that it has to belong to.
    pub(in super::super) owner: String,
    /// What the keys begin with: one prefix for each event source mapping.
    pub(in super::super) prefixes: Vec<String>,
    /// Reads one.
    pub(in super::super) contents: ReadContents,
}

/// The objects of a shelf.
pub(in super::super) struct Objects {
    shelf: Shelf,
    chosen: Chosen,
    reading: Reading,
    /// Whether what earlier runs have sent is sent, too.
    again: bool,
    found: Found,
    book: Book,
    sent: Sent,
    /// Those that are not read yet, in the order in which they are.
    listed: VecDeque<Listed>,
    /// Those that are read and not handed out yet.
    ready: VecDeque<Opened>,
    /// The records that were handed out, where several mappings may have given up the same one.
    copies: Option<Copies>,
    /// The key of each portion and what is known of it, by its number.
    portions: Vec<(String, Entry)>,
    /// The first object that may not be read.
    denied: Option<AwsError>,
    /// Whether an object could be read.
    has_read: bool,
}

/// An object that was read.
struct Opened {
    listed: Listed,
    contents: std::result::Result<Contents, String>,
    denied: Option<AwsError>,
}

impl Objects {
    /// Lists what there is. `manifest` is what this run would write down for the records of `stream`.
    ///
    /// # Errors
    /// What the calls fail with; a manifest that cannot be read.
    pub(in super::super) async fn open(
        aws: Aws<'_>,
        shelf: Shelf,
        (chosen, again): (Chosen, bool),
        reading: Reading,
        (stream, manifest): (&str, Manifest),
    ) -> Result<Self> {
        let book = Book::new(&shelf.bucket, &shelf.owner, stream, manifest);
        let sent = if again { Sent::default() } else { book.sent(aws).await? };
        let mut listed = Vec::new();
        for prefix in &shelf.prefixes {
            listed.extend(list_all_objects(aws, &shelf.bucket, prefix, &shelf.owner).await?);
        }
        // A key that ends in a slash is what consoles make for a folder.
        listed.retain(|listed| chosen.has_time(listed.time) && !listed.key.ends_with('/'));
        listed.sort_by(|a, b| (a.time, &a.key).cmp(&(b.time, &b.key)));
        let places = shelf.prefixes.iter().map(|prefix| format!("s3://{}/{prefix}", shelf.bucket));
        let places = places.collect();
        let mut source = Self {
            shelf,
            chosen,
            reading,
            again,
            found: Found { places, ..Found::default() },
            book,
            sent: Sent::default(),
            listed: listed.into(),
            ready: VecDeque::new(),
            copies: None,
            portions: Vec::new(),
            denied: None,
            has_read: false,
        };
        source.leave_out(sent);
        Ok(source)
    }

    /// Takes those off the list that were sent as a whole, and counts the others.
    fn leave_out(&mut self, sent: Sent) {
        self.copies = (self.shelf.prefixes.len() > 1).then(|| Copies::of(&sent));
        self.sent = sent;
        let before = self.listed.len();
        self.listed.retain(|listed| !self.sent.is_whole(&listed.key));
        self.found.sent_before += (before - self.listed.len()) as u64;
        self.found.objects = self.listed.len() as u64;
        self.found.bytes = self.listed.iter().map(|listed| listed.bytes).sum();
        self.found.oldest = self.listed.front().map(|listed| listed.time);
        self.found.newest = self.listed.back().map(|listed| listed.time);
    }

    /// Reads the next few objects. S3 lists their times in seconds: those of one second and one shard are read together
    /// and sorted by their records, so that these are sent in the order of the shard.
    async fn read_ahead(&mut self, aws: Aws<'_>) -> Result<()> {
        let (mut some, mut bytes) = (Vec::<Listed>::new(), 0);
        while let Some(next) = self.listed.front() {
            let is_enough = some.len() >= AHEAD || bytes + next.bytes > AHEAD_BYTES;
            let is_apart =
                some.last().is_none_or(|last| (last.time, shard(last)) != (next.time, shard(next)));
            if is_enough && is_apart && !some.is_empty() {
                break;
            }
            bytes += next.bytes;
            some.extend(self.listed.pop_front());
        }
        let shelf = &self.shelf;
        let read = some.into_iter().map(|listed| open(aws, shelf, listed));
        let read = stream::iter(read).buffered(AT_ONCE).try_collect::<Vec<Opened>>();
        let mut opened = self.book.beating(aws, read).await?;
        opened.sort_by(|a, b| a.place().cmp(&b.place()));
        self.has_read |= opened.iter().any(|opened| opened.denied.is_none());
        let denied = opened.iter().find_map(|opened| opened.denied.clone());
        self.denied = self.denied.take().or(denied);
        self.ready.extend(opened);
        Ok(())
    }

    /// Looks which records of an object an earlier run has sent from the objects of other mappings. What cannot be read
    /// any more is not known.
    async fn look_for_copies(&mut self, aws: Aws<'_>, opened: &Opened) -> Result<()> {
        let (Some(copies), Ok(contents)) = (&mut self.copies, &opened.contents) else { return Ok(()) };
        for key in copies.overlapping(&opened.listed.key, &entry(&contents.records)) {
            let at = At { bucket: &self.shelf.bucket, key: &key, owner: Some(&self.shelf.owner) };
            match self.book.beating(aws, get_object(aws, at, MOST)).await {
                Ok(object) => {
                    let contents = (self.shelf.contents)(&object).unwrap_or_default();
                    copies.add(&key, contents, &self.sent);
                }
                Err(error) => drop(why(error)?),
            }
        }
        Ok(())
    }

    /// What of an object is to be sent; none if it is not meant.
    fn portion(&mut self, Opened { listed, contents, .. }: Opened) -> Option<Portion> {
        let Listed { key, time, bytes } = listed;
        let id = self.portions.len();
        let mut portion = Portion { id, name: key.clone(), time, bytes, ..Portion::default() };
        match contents {
            Err(why) => {
                portion.unreadable = Some(why);
                self.portions.push((key, Entry::default()));
            }
            Ok(Contents { reasons, .. }) if !self.chosen.has_reason(&reasons) => return None,
            Ok(Contents { reasons, records }) => {
                self.portions.push((key, entry(&records)));
                portion.reasons = reasons;
                for (record, at) in records.into_iter().zip(0..) {
                    self.sort(record, at, &mut portion);
                }
            }
        }
        Some(portion)
    }

    /// Puts a record where it belongs in its portion.
    fn sort(&mut self, record: Kept, at: u32, portion: &mut Portion) {
        if self.sent.has(&portion.name, at) {
            portion.sent_before += 1;
            return;
        }
        let Kept { data, key, sequence } = record;
        let held = data.as_ref().map(|data| self.reading.look(data)).unwrap_or_default();
        if self.chosen.is_of_groups() && !held.log_groups.iter().any(|group| self.chosen.has_group(group)) {
            return;
        }
        let mut leave = |why: &str| portion.left.push(Left { why: why.to_owned(), events: held.events });
        let is_refused = portion.reasons.iter().any(|reason| reason == REFUSED);
        match (data, held.left) {
            (Err(why), _) | (Ok(_), Some(why)) => leave(why),
            (Ok(_), None) if is_refused && !self.chosen.names_reason(REFUSED) => leave(REFUSED),
            (Ok(data), None) => {
                let is_copy = match (&mut self.copies, sequence) {
                    (Some(copies), Some(sequence)) => !copies.is_new(&portion.name, &sequence),
                    _ => false,
                };
                let key = key.unwrap_or_else(|| held.key());
                let (events, log_groups) = (held.events, held.log_groups);
                portion.parcels.push(Parcel { data, key, at, events, log_groups, is_copy });
            }
        }
    }
}

impl Opened {
    /// Where it stands among others.
    fn place(&self) -> (i64, &str, (usize, &str), &str) {
        let first = self.contents.as_ref().ok().and_then(|contents| contents.records.first());
        let sequence = first.and_then(|record| record.sequence.as_deref()).unwrap_or_default();
        (self.listed.time, shard(&self.listed), number(sequence), &self.listed.key)
    }
}

/// Reads an object. What is wrong with this one alone is told with it.
async fn open(aws: Aws<'_>, shelf: &Shelf, listed: Listed) -> Result<Opened> {
    let at = At { bucket: &shelf.bucket, key: &listed.key, owner: Some(&shelf.owner) };
    match get_object(aws, at, MOST).await {
        Ok(object) => Ok(Opened { listed, contents: (shelf.contents)(&object), denied: None }),
        Err(error) => {
            let denied = Some(&error).filter(|error| error.is(&[DENIED])).cloned();
            Ok(Opened { listed, contents: Err(why(error)?), denied })
        }
    }
}

/// All of a key but its last part: mapping and shard.
fn shard(listed: &Listed) -> &str {
    listed.key.rsplit_once('/').map_or("", |(shard, _)| shard)
}

impl Source for Objects {
    fn found(&self) -> &Found {
        &self.found
    }

    fn begin<'a>(&'a mut self, aws: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // Another run may have sent something since the list was made.
            let sent = self.book.begin(aws, self.again).await?;
            self.leave_out(sent);
            Ok(())
        })
    }

    fn next<'a>(&'a mut self, aws: Aws<'a>) -> LocalBoxFuture<'a, Result<Option<Portion>>> {
        Box::pin(async move {
            loop {
                if self.ready.is_empty() {
                    self.read_ahead(aws).await?;
                }
                let Some(opened) = self.ready.pop_front() else {
                    return match self.denied.take() {
                        // If none may be read, it is not about these objects.
                        Some(error) if !self.has_read => Err(error.into()),
                        _ => Ok(None),
                    };
                };
                self.look_for_copies(aws, &opened).await?;
                if let Some(portion) = self.portion(opened) {
                    return Ok(Some(portion));
                }
            }
        })
    }

    fn settle<'a>(&'a mut self, aws: Aws<'a>, done: &'a [(usize, u32)]) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for (portion, at) in done {
                if let Some((key, entry)) = self.portions.get(*portion) {
                    self.book.note(key, entry, *at);
                }
            }
            self.book.write(aws.mending()).await
        })
    }

    fn check<'a>(&'a mut self, aws: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(self.book.check(aws))
    }

    fn while_sending<'a>(
        &'a mut self,
        aws: Aws<'a>,
        sending: LocalBoxFuture<'a, ()>,
    ) -> LocalBoxFuture<'a, ()> {
        Box::pin(self.book.beating(aws, sending))
    }

    fn end<'a>(&'a mut self, aws: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(self.book.end(aws))
    }

    fn notes(&self) -> Vec<String> {
        self.book.urls()
    }
}
