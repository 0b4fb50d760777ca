//! `cwl2le forward` to a standard output that fails: what it says is written is there, and going on as told loses
//! nothing.

#![cfg(unix)]

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Ran, cwl2le};

/// Two destinations for `/both`, one for everything else; a rule drops some events.
const CONFIG: &str = r#"
default_destination = "app"
[destinations.app]
type = "logentries"
endpoint = "127.0.0.1:1"
tls = false
token = { env = "NOT_SET" }
[destinations.audit]
type = "syslog"
endpoint = "127.0.0.1:1"
tls = false
[[routes]]
log_group = "/both"
destination = ["app", "audit"]
[routes.shape]
exclude = [{ message = "^drop" }]
"#;

/// A folder with a configuration and saved events.
struct Place(tempfile::TempDir);

impl Place {
    /// Records of this many events each, every third one dropped by a rule; `/one` has one destination, `/both` two.
    fn new(log_group: &str, records: &[usize]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("cwl2le.toml"), CONFIG).expect("written");
        let mut number = 0;
        let records: String = records.iter().map(|events| record(log_group, *events, &mut number)).collect();
        std::fs::write(folder.path().join("saved.json"), records).expect("written");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, skip: u64) -> Command {
        let mut command = cwl2le();
        command.current_dir(self.path()).stdin(Stdio::null()).stderr(Stdio::piped());
        command.env("CWL2LE_OUTPUT", "json");
        command.args(["forward", "--input", "saved.json", "--skip", &skip.to_string()]);
        command
    }

    /// All lines from an event on, and the report.
    fn all(&self, skip: u64) -> (Vec<u8>, Value) {
        let output = self.command(skip).output().expect("cwl2le runs");
        let lines = output.stdout.clone();
        let ran: Ran = output.into();
        assert_eq!(ran.code, 0, "{ran:?}");
        (lines, ran.report())
    }

    /// With the largest size that a file may have, in units of 512 bytes; what is in the file, and what was said.
    fn limited(&self, blocks: u64) -> (Vec<u8>, Ran) {
        let command = self.command(0);
        let mut shell = Command::new("sh");
        // The report goes to a pipe.
        shell.args(["-c", r#"ulimit -f "$1"; shift; exec "$@" >out"#, "sh"]);
        shell.arg(blocks.to_string()).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let ran = shell.current_dir(self.path()).stdin(Stdio::null()).output().expect("sh runs").into();
        (std::fs::read(self.path().join("out")).expect("the output"), ran)
    }
}

fn record(log_group: &str, events: usize, number: &mut usize) -> String {
    let events: Vec<Value> = (0..events)
        .map(|_| {
            *number += 1;
            let word = if number.is_multiple_of(3) && log_group == "/both" { "drop" } else { "keep" };
            let message = format!("{word} {number} {}", "y".repeat(*number * 7919 % 400));
            json!({"id": "7", "timestamp": 1, "message": message})
        })
        .collect();
    json!({"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": log_group, "logStream": "s",
           "subscriptionFilters": ["f"], "logEvents": events})
    .to_string()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// The numbers of the events whose lines are whole, by how often they are there.
fn events(output: &[u8]) -> HashMap<u64, usize> {
    let text = String::from_utf8_lossy(output);
    let mut found = HashMap::new();
    for piece in text.split("keep ").skip(1) {
        let (number, rest) = piece.split_once(' ').unwrap_or(("", ""));
        let Ok(number) = number.parse::<usize>() else { continue };
        let length = rest.bytes().take_while(|byte| *byte == b'y').count();
        if length == number * 7919 % 400 {
            *found.entry(number as u64).or_insert(0) += 1;
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The file takes so much and no more.
    #[test]
    fn what_a_full_disk_did_not_take_comes_with_the_skip_that_is_advised(
        both in any::<bool>(),
        records in proptest::collection::vec(1_usize..40, 1..20),
        blocks in 0_u64..200,
    ) {
        let (group, copies) = if both { ("/both", 2) } else { ("/one", 1) };
        let place = Place::new(group, &records);
        let (wanted, _) = place.all(0);
        let (first, ran) = place.limited(blocks);
        let said = ran.report();
        prop_assert!(wanted.starts_with(&first));
        prop_assert_eq!(number(&said["bytes"]), first.len() as u64, "{}", &said);
        let whole = first.len() == wanted.len();
        prop_assert_eq!(ran.code, if whole { 0 } else { 11 }, "{:?}", &ran);
        prop_assert_eq!(&said["complete"], &json!(whole));
        let present = events(&first);
        let written = present.values().filter(|count| **count == copies).count() as u64;
        prop_assert_eq!(number(&said["delivered"]), written, "{}", &said);
        if whole {
            return Ok(());
        }
        let position = number(&said["position"]);
        let cut = said["cut_bytes"].as_u64().unwrap_or(0);
        let (second, _) = place.all(position);
        // Without the part of an event at its end, what is there and what follows is everything, once.
        let joined = [&first[..first.len() - usize::try_from(cut).expect("small")], &second].concat();
        prop_assert_eq!(joined, wanted, "{}", &said);
    }

    /// The reader takes so much and goes away. The pipe may hold more that nobody has read.
    #[test]
    fn what_a_reader_that_went_away_did_not_read_comes_with_the_skip_that_is_advised(
        records in proptest::collection::vec(1_usize..40, 10..60),
        taken in 0_usize..400_000,
    ) {
        let place = Place::new("/one", &records);
        let (wanted, _) = place.all(0);
        let mut child = place.command(0).stdout(Stdio::piped()).spawn().expect("cwl2le runs");
        let mut first = Vec::new();
        let stdout = child.stdout.take().expect("a pipe");
        stdout.take(taken as u64).read_to_end(&mut first).expect("read");
        let ran: Ran = child.wait_with_output().expect("cwl2le runs").into();
        let said = ran.report();
        prop_assert!(wanted.starts_with(&first));
        if ran.code == 0 {
            // All of it was written before the reader went away.
            prop_assert_eq!(number(&said["bytes"]), wanted.len() as u64);
            prop_assert_eq!(&said["reader_closed"], &json!(false));
            return Ok(());
        }
        prop_assert_eq!((ran.code, &said["reader_closed"], &said["complete"]), (9, &json!(true), &json!(false)));
        prop_assert!(events(&first).len() as u64 <= number(&said["delivered"]), "{}", &said);
        let (second, _) = place.all(number(&said["position"]));
        let mut union = events(&first);
        union.extend(events(&second));
        prop_assert_eq!(union.len(), events(&wanted).len(), "{}", &said);
    }
}

/// As in `cwl2le forward ... | false`, with more than a pipe holds.
#[test]
fn a_reader_that_is_gone_from_the_start_is_no_success() {
    let place = Place::new("/one", &[100; 40]);
    let mut child =
        place.command(0).args(["--output", "text"]).stdout(Stdio::piped()).spawn().expect("cwl2le runs");
    drop(child.stdout.take());
    let ran: Ran = child.wait_with_output().expect("cwl2le runs").into();
    assert_eq!(ran.code, 9, "{ran:?}");
    assert!(ran.stderr.contains("went away after at most 0 events"), "{ran:?}");
    assert!(ran.stderr.contains("go on with --skip 0"), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_written_to_a_full_device() {
    let place = Place::new("/one", &[1]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let ran: Ran = place.command(0).stdout(full).output().expect("cwl2le runs").into();
    let said = ran.report();
    assert_eq!((ran.code, &said["position"], &said["delivered"]), (11, &json!(0), &json!(0)), "{said:#}");
    assert_eq!((&said["failed"], &said["bytes"], &said["complete"]), (&json!(1), &json!(0), &json!(false)));
}
