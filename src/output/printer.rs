//! Writes reports, errors and questions.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use cwl2le_forwarder::secret::redactor;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::color::ColorChoice;
use super::envelope::{self, Envelope};
use super::progress::Progress;
use super::visible::shown;
use super::{error, visible};
use crate::error::Error;

/// The form of what goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// For people
    #[default]
    Text,
    /// For scripts: one JSON document
    Json,
    /// For scripts: a line of JSON for each event as it happens, the document as the last one
    Jsonl,
}

impl Display for OutputFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        })
    }
}

/// Renders reports and errors in the selected form and colours.
///
/// A reader that has closed its end, as `head` does, is not an error to any of the methods.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    format: OutputFormat,
    stdout_color: bool,
    stderr_color: bool,
    /// What documents say of the run.
    envelope: &'static Envelope,
}

impl Printer {
    /// A printer for this process: colours depend on the terminal and on `NO_COLOR`, `CLICOLOR_FORCE` and `TERM`.
    pub fn new(format: OutputFormat, color: ColorChoice) -> Self {
        let env = |name: &str| std::env::var_os(name);
        Self {
            format,
            stdout_color: color.wanted(env, io::stdout().is_terminal()),
            stderr_color: color.wanted(env, io::stderr().is_terminal()),
            envelope: &envelope::NONE,
        }
    }

    /// A printer without colours, whatever the environment says.
    pub const fn plain(format: OutputFormat) -> Self {
        Self { format, stdout_color: false, stderr_color: false, envelope: &envelope::NONE }
    }

    /// A printer with colours on both streams.
    #[cfg(test)]
    pub(crate) const fn colored(format: OutputFormat) -> Self {
        Self { format, stdout_color: true, stderr_color: true, envelope: &envelope::NONE }
    }

    /// The same, whose documents say this of the run.
    #[must_use]
    pub const fn within(self, envelope: &'static Envelope) -> Self {
        Self { envelope, ..self }
    }

    /// What documents say of the run.
    pub(super) const fn envelope(&self) -> &'static Envelope {
        self.envelope
    }

    /// The form of what goes to standard output.
    pub(super) const fn format(&self) -> OutputFormat {
        self.format
    }

    /// Whether standard output has colours.
    pub(super) const fn has_stdout_color(&self) -> bool {
        self.stdout_color
    }

    /// Writes a report to standard output, as text or as one JSON document, with a newline at its end. A report whose
    /// text is empty is no text at all.
    ///
    /// # Errors
    /// If it cannot be written; a JSON document is written whole or not at all.
    pub fn report<R: Display + Serialize>(&self, stdout: &mut dyn Write, report: &R) -> io::Result<()> {
        match self.format {
            OutputFormat::Text => match report.to_string() {
                text if text.is_empty() => Ok(()),
                text => write(stdout, &text, self.stdout_color),
            },
            OutputFormat::Json | OutputFormat::Jsonl => self.document(stdout, "report", report),
        }
    }

    /// Writes an error to standard error as text and, if the output is JSON, to standard output as `{"error": ...}`:
    /// the script gets its document, and the person behind the script still sees what went wrong.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn error(&self, stdout: &mut dyn Write, stderr: &mut dyn Write, error: &Error) -> io::Result<()> {
        let told = write(stderr, &error::Text(error).to_string(), self.stderr_color);
        match self.format {
            OutputFormat::Text => told,
            // Standard error may be closed; the script still gets its document.
            OutputFormat::Json | OutputFormat::Jsonl => {
                self.document(stdout, "error", &error::Document::from(error)).and(told)
            }
        }
    }

    /// Writes a report or an error as JSON: as one document, or as the last of the events.
    fn document(&self, to: &mut dyn Write, name: &str, value: &impl Serialize) -> io::Result<()> {
        let value = serde_json::to_value(value)?;
        if value.is_null() {
            // What a verb has shown while it ran.
            return Ok(());
        }
        let is_line = self.format == OutputFormat::Jsonl;
        let value = self.envelope.around(value);
        let text = json_text(if is_line { event(name, value) } else { value }, is_line)?;
        unless_closed(writeln!(to, "{text}").and_then(|()| to.flush()))
    }

    /// Writes a text that has no other form, such as help, to either stream.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn text(&self, to: &mut dyn Write, text: &str, is_stderr: bool) -> io::Result<()> {
        write(to, text, if is_stderr { self.stderr_color } else { self.stdout_color })
    }

    /// The progress of this process on standard error: live on a terminal, one line a finished step elsewhere, or none.
    pub fn progress(&self, quiet: bool) -> Progress {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match (quiet, io::stderr().is_terminal() && !dumb) {
            (true, _) => Progress::none(),
            (false, true) => Progress::live(self.stderr_color),
            (false, false) => Progress::logged(io::stderr(), self.stderr_color),
        }
    }
}

/// Writes a question to standard error, without a newline at its end.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn prompt(question: &str) -> io::Result<()> {
    let mut stderr = io::stderr();
    stderr.write_all(shown(question, false).as_bytes())?;
    stderr.flush()
}

/// Writes text with one newline at its end.
fn write(to: &mut dyn Write, text: &str, color: bool) -> io::Result<()> {
    let written = writeln!(to, "{}", shown(text.trim_end_matches('\n'), color));
    unless_closed(written.and_then(|()| to.flush()))
}

/// A value as one line or several, without secrets and with escapes for what does not show.
pub(super) fn json_text(mut value: Value, is_line: bool) -> io::Result<String> {
    redactor::redact_json(&mut value);
    Ok(visible::json(&if is_line { value.to_string() } else { serde_json::to_string_pretty(&value)? }))
}

/// A value as an event: its name stands first.
pub(super) fn event(name: &str, value: Value) -> Value {
    let mut event = Map::from_iter([("event".to_owned(), name.into())]);
    match value {
        Value::Object(fields) => event.extend(fields),
        other => drop(event.insert("value".to_owned(), other)),
    }
    Value::Object(event)
}

/// Seconds in JSON, rounded to the millisecond.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
pub(crate) fn seconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1000.0).round() / 1000.0)
}

fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
