#![no_main]
#![allow(dead_code, unused_imports, reason = "the command-line tool uses the rest")]

// The reader of the forwarder's log is the command-line tool's; it needs nothing of it.
#[path = "../../../src/journal/mod.rs"]
mod journal;

use journal::{Entry, Invocation};

// Every line can be read. A line that neither the forwarder nor Lambda wrote is kept unchanged.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let entry = Entry::read(line);
    let _ = entry.level();
    match entry {
        Entry::Other(text) => assert_eq!(text, line.trim()),
        Entry::Invocation(invocation) => {
            let Invocation { lag_ms, receipt_ms, .. } = *invocation;
            assert!(lag_ms.is_none_or(|time| time >= 0.0) && receipt_ms.is_none_or(|time| time >= 0.0));
        }
        _ => {}
    }
});
