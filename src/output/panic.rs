//! How a panic is reported.

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use super::visible::shown;
use crate::error::{Code, Error};

/// Makes a panic say what it is, without secrets, on standard error.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = super::error::Text(&bug(&words(panic))).to_string();
        // If standard error is closed, there is nowhere to report it.
        let _ = writeln!(io::stderr(), "{}", shown(&text, false));
    }));
}

/// The error of a run that panicked.
pub fn bug(words: &str) -> Error {
    Error::new(Code::Internal, format!("cwl2le has a bug: {words}"))
        .hint("report it with this message; run `cwl2le status` to see what was done")
}

fn words(panic: &PanicHookInfo<'_>) -> String {
    let words = panic.payload_as_str().unwrap_or("it stopped without a message");
    match panic.location() {
        Some(place) => format!("{words} ({place})"),
        None => words.to_owned(),
    }
}
