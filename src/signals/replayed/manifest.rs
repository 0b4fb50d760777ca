//! What runs of `replay` write down in the bucket: which records of which objects they have sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ranges::Ranges;

/// The version of the format.
const FORMAT: u32 = 1;
/// The place of what was sent into the stream.
pub(crate) const STREAM: &str = "stream";
/// Maximum objects of one manifest. A long run writes several, so that it never writes much again for each batch.
const MOST: usize = 1000;
/// How long a run that has not ended counts as running after it has written its manifest last, in milliseconds. It
/// writes it after every batch, and every minute if that takes longer.
pub(crate) const ALIVE: i64 = 5 * 60 * 1000;

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format_version: u32,
    /// The stack.
    pub(crate) stack: String,
    /// What was sent again, as in `--from`.
    pub(crate) from: String,
    /// Where it was sent: `stream`, or `destination:` with a name.
    pub(crate) into: String,
    /// The ARN of whoever ran it.
    pub(crate) by: String,
    /// When the run began, RFC 3339.
    pub(crate) begun: String,
    /// Whether nothing follows in this manifest. Otherwise the run goes on, or was killed.
    pub(crate) ended: bool,
    /// The objects, by their keys.
    pub(crate) objects: BTreeMap<String, Entry>,
}

/// What was sent of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// How many records it has.
    pub(crate) records: u64,
    /// The positions of those that were sent, from 0.
    pub(crate) sent: Ranges,
    /// The sequence numbers of its first and its last record, where these were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sequences: Option<(String, String)>,
}

impl Manifest {
    /// One without objects.
    pub(crate) fn new(stack: &str, from: &str, into: &str, by: &str, begun: &str) -> Self {
        let [stack, from, into, by, begun] = [stack, from, into, by, begun].map(ToOwned::to_owned);
        Self { format_version: FORMAT, stack, from, into, by, begun, ended: false, objects: BTreeMap::new() }
    }

    /// Reads one.
    ///
    /// # Errors
    /// Why it cannot be read. It is never taken for an empty one: what it says would be sent again.
    pub(crate) fn read(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let broken = |error: serde_json::Error| {
            format!(
                "it is not a manifest of cwl2le: line {} column {} does not fit",
                error.line(),
                error.column()
            )
        };
        let Version { format_version } = serde_json::from_slice(json).map_err(broken)?;
        if format_version > FORMAT {
            return Err(format!("it is of a newer version of cwl2le, with format {format_version}"));
        }
        serde_json::from_slice(json).map_err(broken)
    }

    /// As it is written.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Notes that a record was sent. `entry` is what is known of its object before any is.
    pub(crate) fn note(&mut self, key: &str, entry: &Entry, at: u32) {
        if !self.objects.contains_key(key) {
            self.objects.insert(key.to_owned(), entry.clone());
        }
        if let Some(entry) = self.objects.get_mut(key) {
            entry.sent.add(at);
        }
    }

    /// Whether an object has no room here and belongs in the next manifest.
    pub(crate) fn is_full_for(&self, key: &str) -> bool {
        self.objects.len() >= MOST && !self.objects.contains_key(key)
    }

    /// Begins the next manifest of the same run, and returns this one: it has ended.
    pub(crate) fn turn_over(&mut self) -> Self {
        let objects = std::mem::take(&mut self.objects);
        Self { ended: true, objects, ..self.clone() }
    }

    /// Whether its run may still go on. `written` is when it was written last, in milliseconds since 1970 as `now`.
    pub(crate) fn may_run(&self, written: i64, now: i64) -> bool {
        !self.ended && now - written < ALIVE
    }
}

/// What all earlier runs have sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sent(BTreeMap<String, Entry>);

impl Sent {
    /// Adds what a manifest says.
    pub(crate) fn add(&mut self, manifest: Manifest) {
        for (key, entry) in manifest.objects {
            let known = self.0.entry(key).or_default();
            known.records = known.records.max(entry.records);
            known.sent.extend(&entry.sent);
            known.sequences = known.sequences.take().or(entry.sequences);
        }
    }

    /// Every object of which something was sent, by its key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.0.iter()
    }

    /// Whether every record of an object was sent.
    pub(crate) fn is_whole(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|entry| entry.sent.len() >= entry.records)
    }

    /// Whether a record of an object was sent.
    pub(crate) fn has(&self, key: &str, at: u32) -> bool {
        self.0.get(key).is_some_and(|entry| entry.sent.has(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::new("default", "on-failure", "stream", "arn:me", "2026-11-29T15:20:11Z")
    }

    fn entry(records: u64) -> Entry {
        Entry { records, ..Entry::default() }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let mut written = manifest();
        let entry = Entry { sequences: Some(("49".to_owned(), "51".to_owned())), ..entry(4) };
        [0, 1, 3].into_iter().for_each(|at| written.note("a", &entry, at));
        written.note("b", &self::entry(1), 0);
        let json = written.to_json();
        assert_eq!(Manifest::read(&json), Ok(written));
        insta::assert_snapshot!(String::from_utf8(json).expect("text"));
        for (json, says) in [
            ("", "not a manifest"),
            ("{}", "not a manifest"),
            (r#"{"format_version": 2}"#, "newer version"),
            (r#"{"format_version": 1, "objects": {"secret": 1}}"#, "not a manifest"),
        ] {
            let why = Manifest::read(json.as_bytes()).expect_err(json);
            assert!(why.contains(says) && !why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn what_several_runs_have_sent_adds_up() {
        let (mut first, mut second) = (manifest(), manifest());
        [0, 1].into_iter().for_each(|at| first.note("a", &entry(3), at));
        second.note("a", &entry(3), 2);
        second.note("b", &entry(2), 1);
        let mut sent = Sent::default();
        sent.add(first);
        assert!(!sent.is_whole("a") && sent.has("a", 1) && !sent.has("a", 2));
        sent.add(second);
        assert!(sent.is_whole("a") && !sent.is_whole("b") && !sent.is_whole("c"));
        assert!(sent.has("b", 1) && !sent.has("b", 0) && !sent.has("c", 0));
    }

    #[test]
    fn a_run_that_writes_no_more_has_been_killed() {
        let mut manifest = manifest();
        assert!(manifest.may_run(1_000_000, 1_000_000 + ALIVE - 1));
        assert!(!manifest.may_run(1_000_000, 1_000_000 + ALIVE));
        assert!(manifest.may_run(1_000_000, 999_000), "clocks differ");
        manifest.ended = true;
        assert!(!manifest.may_run(1_000_000, 1_000_000));
    }
}
