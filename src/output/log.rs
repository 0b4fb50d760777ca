//! `-v`, `-vv` and `CWL2LE_LOG`: what the program does, line by line on standard error.

use std::fmt::{self, Write as _};
use std::time::SystemTime;

use clap::ValueEnum;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::progress::Progress;
use super::style::DIM;
use super::visible;

/// How much of what the program does is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, ValueEnum)]
pub enum LogLevel {
    /// Nothing
    #[default]
    Off,
    /// Each AWS call (-v)
    Info,
    /// Retries, pacing and waits besides (-vv)
    Debug,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}

impl LogLevel {
    /// The level of so many `-v`, or this one where it shows more.
    #[must_use]
    pub fn or_verbose(self, times: u8) -> Self {
        self.max(match times {
            0 => Self::Off,
            1 => Self::Info,
            _ => Self::Debug,
        })
    }

    /// Shows what the program does beside the progress, from now on until the process ends.
    pub fn show(self, progress: &Progress) {
        if self == Self::Off {
            return;
        }
        // Nobody else sets one; a second one would change nothing.
        let _ = tracing::subscriber::set_global_default(self.subscriber(progress));
    }

    fn subscriber(self, progress: &Progress) -> impl Subscriber + Send + Sync + use<> {
        let level = match self {
            Self::Off => LevelFilter::OFF,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        };
        tracing_subscriber::registry()
            .with(Lines { progress: progress.clone() }.with_filter(OwnEvents(level)))
    }
}

/// Lets events of this program pass. Those of libraries may hold requests with their credentials.
struct OwnEvents(LevelFilter);

impl<S> tracing_subscriber::layer::Filter<S> for OwnEvents {
    fn enabled(&self, of: &tracing::Metadata<'_>, _: &Context<'_, S>) -> bool {
        of.target().split("::").next() == Some("cwl2le") && *of.level() <= self.0
    }
}

/// Writes each event as a line.
struct Lines {
    progress: Progress,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        // Of the time only that of the day, in UTC.
        let time = time.get(11..23).unwrap_or_default();
        self.progress.log(format_args!("{DIM}{time}{DIM:#} {}{}", line.message, line.fields));
    }
}

/// An event in words. Every value may come from outside.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn add(&mut self, field: &Field, value: &str) {
        let value = visible(value);
        match field.name() {
            "message" => self.message = value,
            // What a call is about says itself.
            "resource" => self.fields.insert_str(0, &format!(" {value}")),
            name if value.contains(' ') => {
                let _ = write!(self.fields, " {name}=\"{value}\"");
            }
            name => {
                let _ = write!(self.fields, " {name}={value}");
            }
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use cwl2le_forwarder::secret::redactor;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(level: LogLevel, act: impl FnOnce()) -> Vec<String> {
        let written = Written::default();
        let progress = Progress::plain(written.clone());
        tracing::subscriber::with_default(level.subscriber(&progress), act);
        let text = String::from_utf8(written.0.lock().expect("no panic").clone()).expect("UTF-8");
        text.lines().map(|line| line.split_once(' ').map_or("", |(_, rest)| rest).to_owned()).collect()
    }

    #[test]
    fn a_line_has_what_is_known_and_no_secret_and_nothing_that_moves_a_cursor() {
        redactor::learn("a-secret-of-the-log");
        let lines = shown(LogLevel::Info, || {
            let (status, error) = (Some(200), None::<&str>);
            let resource = "a-secret-of-the-log\u{1b}[2J\nforged";
            tracing::info!(resource, attempt = 1, status, error, why = "not yet", "kinesis:CreateStream");
            tracing::debug!("not shown");
            tracing::info!(target: "rustls::conn", "authorization: AWS4-HMAC-SHA256");
        });
        let wanted =
            "kinesis:CreateStream [redacted]\\u{1b}[2J\\nforged attempt=1 status=200 why=\"not yet\"";
        assert_eq!(lines, [wanted]);
        assert_eq!(shown(LogLevel::Debug, || tracing::debug!(why = "x", "retry")), ["retry why=x"]);
        assert_eq!(shown(LogLevel::Off, || tracing::info!("a call")), Vec::<String>::new());
    }

    #[test]
    fn each_v_shows_more_and_never_less_than_the_environment() {
        assert_eq!(LogLevel::Off.or_verbose(0), LogLevel::Off);
        assert_eq!(LogLevel::Off.or_verbose(1), LogLevel::Info);
        assert_eq!(LogLevel::Info.or_verbose(3), LogLevel::Debug);
        assert_eq!(LogLevel::Debug.or_verbose(1), LogLevel::Debug);
    }
}
