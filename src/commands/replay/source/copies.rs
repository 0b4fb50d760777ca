//! Records that several functions gave up. Every function of a stack reads the stream, so each is sent once, whichever
//! of them gave it up, and whichever run sent it.

use std::collections::{HashMap, HashSet};

use super::contents::{Contents, Kept};
use crate::commands::replay::reading::digest;
use crate::signals::replayed::{Entry, Sent};

/// The sequence numbers of the first and the last of some records.
type Span = (String, String);

/// The records that were handed out or sent.
#[derive(Debug, Default)]
pub(super) struct Copies {
    seen: HashSet<[u8; 16]>,
    /// By shard: the objects of which earlier runs have sent something, and that have not been looked at.
    sent: HashMap<String, Vec<(String, Span)>>,
}

impl Copies {
    /// Knows the objects of which earlier runs have sent something.
    pub(super) fn of(sent: &Sent) -> Self {
        let mut copies = Self::default();
        for (key, entry) in sent.iter() {
            if let Some(span) = &entry.sequences {
                let of_shard = copies.sent.entry(shard_of(key).to_owned()).or_default();
                of_shard.push((key.clone(), span.clone()));
            }
        }
        copies
    }

    /// The objects that have to be looked at, with [`Copies::add`], before records of this object are judged: an
    /// earlier run has sent some of them, and their sequence numbers are among its own. Names each once.
    pub(super) fn overlapping(&mut self, key: &str, entry: &Entry) -> Vec<String> {
        let (Some((first, last)), Some(of_shard)) = (&entry.sequences, self.sent.get_mut(shard_of(key)))
        else {
            return Vec::new();
        };
        let overlaps = |(other, (from, to)): &mut (String, Span)| {
            other != key && number(from) <= number(last) && number(first) <= number(to)
        };
        of_shard.extract_if(.., overlaps).map(|(key, _)| key).collect()
    }

    /// Adds what earlier runs have sent of an object.
    pub(super) fn add(&mut self, key: &str, contents: Contents, sent: &Sent) {
        for (record, at) in contents.records.into_iter().zip(0..) {
            if let Some(sequence) = record.sequence.filter(|_| sent.has(key, at)) {
                self.is_new(key, &sequence);
            }
        }
    }

    /// Adds a record of an object, and tells whether it is none of those that were added.
    pub(super) fn is_new(&mut self, key: &str, sequence: &str) -> bool {
        self.seen.insert(digest(&[shard_of(key), sequence]))
    }
}

/// What is known of an object before any of its records is sent.
pub(super) fn entry(records: &[Kept]) -> Entry {
    let sequence = |record: Option<&Kept>| record.and_then(|record| record.sequence.clone());
    let sequences = sequence(records.first()).zip(sequence(records.last()));
    Entry { records: records.len() as u64, sequences, ..Entry::default() }
}

/// A sequence number, to be compared: one with more digits is larger.
pub(super) fn number(sequence: &str) -> (usize, &str) {
    (sequence.len(), sequence)
}

/// The shard that stands last but one in a key.
fn shard_of(key: &str) -> &str {
    key.rsplit('/').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::replayed::Manifest;

    fn contents(sequences: &[&str]) -> Contents {
        let kept = |sequence: &&str| Kept {
            data: Ok(Vec::new()),
            key: None,
            sequence: Some((*sequence).to_owned()),
        };
        Contents { reasons: Vec::new(), records: sequences.iter().map(kept).collect() }
    }

    #[test]
    fn an_object_is_looked_at_once_and_only_where_its_records_can_be_the_same() {
        let earlier = contents(&["8", "9", "10"]);
        let mut manifest = Manifest::new("default", "on-failure", "stream", "arn:me", "2026-11-29T20:00:00Z");
        manifest.note("a/shard-0/t1", &entry(&earlier.records), 1);
        let mut sent = Sent::default();
        sent.add(manifest);
        let mut copies = Copies::of(&sent);
        let look = |copies: &mut Copies, key: &str, sequences: &[&str]| {
            copies.overlapping(key, &entry(&contents(sequences).records))
        };
        for (key, sequences) in [
            ("b/shard-1/t1", &["8", "9"][..]),
            ("b/shard-0/t1", &["11", "12"]),
            ("b/shard-0/t1", &["6", "7"]),
            ("b/shard-0/t1", &[]),
            ("a/shard-0/t1", &["8", "9", "10"]),
        ] {
            assert_eq!(look(&mut copies, key, sequences), Vec::<String>::new(), "{key} {sequences:?}");
        }
        assert_eq!(look(&mut copies, "b/shard-0/t1", &["10", "11"]), ["a/shard-0/t1"]);
        assert_eq!(look(&mut copies, "b/shard-0/t1", &["10", "11"]), Vec::<String>::new());
        // Only the second one was sent.
        copies.add("a/shard-0/t1", earlier, &sent);
        let is_new = ["8", "9", "10"].map(|sequence| copies.is_new("b/shard-0/t1", sequence));
        assert_eq!(is_new, [true, false, true]);
    }
}
