//! Standard output for a verb that writes while it runs.

use std::fmt::Display;
use std::io;

use cwl2le_forwarder::secret::redactor;
use serde_json::Value;

use super::envelope::Envelope;
use super::printer::{OutputFormat, Printer, event, json_text};
use super::visible::{for_terminal, shown};

/// Writes bytes to standard output, all of them and at once.
pub(super) type Write<'a> = dyn Fn(&[u8]) -> io::Result<()> + Sync + 'a;

/// Standard output for a verb that writes while it runs. Secrets of the run are redacted and control characters
/// escaped, as by [`Printer`].
///
/// The methods that write return whether anybody still reads. That nobody does, as after `head`, is no error: the verb
/// just ends.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    printer: Printer,
    is_terminal: bool,
    write: &'a Write<'a>,
}

impl<'a> Live<'a> {
    /// Writes as `printer` does, by `write`; `is_terminal` says whether a terminal shows it.
    pub const fn new(printer: Printer, is_terminal: bool, write: &'a Write<'a>) -> Self {
        Self { printer, is_terminal, write }
    }

    /// The same for one of several environments that share it: nobody pages or redraws there, and events say the
    /// environment.
    #[must_use]
    pub const fn of_environment(self, envelope: &'static Envelope) -> Self {
        Self { printer: self.printer.within(envelope), is_terminal: false, ..self }
    }

    /// Whether it is to be JSON.
    pub fn is_json(&self) -> bool {
        self.printer.format() != OutputFormat::Text
    }

    /// What documents say of the run.
    pub const fn envelope(&self) -> &'static Envelope {
        self.printer.envelope()
    }

    /// Writes something that happened at this time (RFC 3339), where events are wanted.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn event(&self, name: &str, time: &str, value: Value) -> io::Result<bool> {
        if self.printer.format() != OutputFormat::Jsonl {
            return Ok(true);
        }
        let value = match value {
            Value::Object(fields) => {
                let time = ("time".to_owned(), Value::from(time));
                let environment = self.envelope().environment();
                let environment = environment.map(|name| ("environment".to_owned(), Value::from(name)));
                Value::Object([time].into_iter().chain(environment).chain(fields).collect())
            }
            other => other,
        };
        self.put(&format!("{}\n", json_text(event(name, value), true)?))
    }

    /// Writes a document of its own on one line, one of several.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn document(&self, name: &str, report: Value) -> io::Result<bool> {
        self.json(name, self.envelope().around(report))
    }

    /// Whether a terminal shows it.
    pub const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes a text of this program and a line end. Its styles show where there are colours.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn text(&self, text: impl Display) -> io::Result<bool> {
        self.put(&format!("{}\n", shown(&text.to_string(), self.printer.has_stdout_color())))
    }

    /// A text of this program as a terminal gets it.
    pub(super) fn as_shown(&self, text: &str) -> String {
        shown(text, self.printer.has_stdout_color())
    }

    /// Whether what is shown can be replaced: a terminal that knows how to move the cursor shows it.
    pub fn can_redraw(&self) -> bool {
        self.is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Shows a text of this program in the place of what the terminal shows, at most as many lines as it has.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn redraw(&self, text: &str, lines: Option<usize>) -> io::Result<bool> {
        /// To the upper left corner.
        const HOME: &str = "\x1b[H";
        /// Erases the rest of a line.
        const LINE: &str = "\x1b[K";
        /// Erases what is below.
        const BELOW: &str = "\x1b[J";
        let text = shown(text, self.printer.has_stdout_color());
        // The cursor stands below the last line, and that must not scroll the first one away.
        let most = lines.map_or(usize::MAX, |lines| lines.saturating_sub(1).max(1));
        let drawn: String = text.lines().take(most).map(|line| format!("{line}{LINE}\n")).collect();
        self.put(&format!("{HOME}{drawn}{BELOW}"))
    }

    /// Writes a text from elsewhere as it is and a line end. A terminal gets only what shows.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn verbatim(&self, text: &str) -> io::Result<bool> {
        let text = redactor::redact(text);
        if self.is_terminal {
            return self.put(&format!("{}\n", for_terminal(text.as_bytes())));
        }
        self.put(&format!("{text}\n"))
    }

    /// Writes a JSON value on one line; where events are wanted, as one of this name.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn json(&self, name: &str, value: Value) -> io::Result<bool> {
        let is_event = self.printer.format() == OutputFormat::Jsonl;
        self.put(&format!("{}\n", json_text(if is_event { event(name, value) } else { value }, true)?))
    }

    fn put(&self, text: &str) -> io::Result<bool> {
        match (self.write)(text.as_bytes()) {
            Ok(()) => Ok(true),
            Err(error) if is_reader_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether the reader of standard output has closed it.
fn is_reader_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::super::style::WARN;
    use super::*;

    fn written(
        printer: Printer,
        is_terminal: bool,
        act: impl FnOnce(Live<'_>) -> io::Result<bool>,
    ) -> String {
        let written = Mutex::new(Vec::new());
        let write = |bytes: &[u8]| {
            written.lock().expect("no panic").extend_from_slice(bytes);
            Ok(())
        };
        assert!(act(Live::new(printer, is_terminal, &write)).expect("written"));
        String::from_utf8(written.into_inner().expect("no panic")).expect("UTF-8")
    }

    #[test]
    fn nothing_does_anything_to_a_terminal_and_no_secret_is_shown() {
        redactor::learn("a-secret-of-live-output");
        let hostile = "a-secret-of-live-output\t\u{1b}]52;c;x\u{7}";
        let plain = Printer::plain(OutputFormat::Text);
        assert_eq!(written(plain, false, |live| live.verbatim(hostile)), "[redacted]\t\u{1b}]52;c;x\u{7}\n");
        assert_eq!(written(plain, true, |live| live.verbatim(hostile)), "[redacted]\t\\u{1b}]52;c;x\\u{7}\n");
        let text = format!("{WARN}WARN{WARN:#} {hostile}");
        assert_eq!(written(plain, true, |live| live.text(&text)), "WARN [redacted]\\t\\u{1b}]52;c;x\\u{7}\n");
        let colored = Printer::colored(OutputFormat::Text);
        assert!(written(colored, true, |live| live.text(&text)).starts_with("\u{1b}[33mWARN\u{1b}[0m"));
        let line = written(plain, false, |live| live.json("line", json!({"line": hostile})));
        assert!(!line.contains('\u{1b}') && line.matches('\n').count() == 1, "{line}");
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read["line"], "[redacted]\t\u{1b}]52;c;x\u{7}");
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is_one() {
        let plain = Printer::plain(OutputFormat::Text);
        let failing = |kind: io::ErrorKind| {
            let write = move |_: &[u8]| Err(kind.into());
            Live::new(plain, false, &write).text("x").map_err(|error| error.kind())
        };
        assert_eq!(failing(io::ErrorKind::BrokenPipe), Ok(false));
        assert_eq!(failing(io::ErrorKind::StorageFull), Err(io::ErrorKind::StorageFull));
    }
}
