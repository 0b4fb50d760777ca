//! `cwl2le status --watch`: the same picture again and again. Lines are read every few seconds and metrics every minute:
//! they change no sooner, and each costs a little.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::report::StatusReport;
use crate::error::{Code, Error, Result};
use crate::health::Signals;
use crate::output::quantity::{rate, span};
use crate::output::style::DIM;
use crate::output::{Live, height, visible};
use crate::signals::Reader;
use crate::workflow::Context;

/// Interval of the metrics, and of everything else but lines.
const METRICS: Duration = Duration::from_secs(60);

/// Shows what was read, and reads again until the user stops it or nobody reads on.
pub(super) async fn watch(
    context: Context<'_>,
    reader: Reader<'_>,
    mut signals: Signals,
    every: Duration,
    report: impl Fn(&Signals) -> Result<StatusReport>,
) -> Result<()> {
    let mut screen = Screen::new(context.live);
    let mut resized = Resized::new();
    let mut read_all = Instant::now();
    loop {
        if !screen.show(&report(&signals)?, every).map_err(|error| unshown(&error))? {
            return Ok(());
        }
        let idle = context.stop.idle();
        let next = tokio::select! {
            () = context.stop.wait() => return Ok(()),
            () = sleep(every) => true,
            () = resized.wait() => false,
        };
        drop(idle);
        if !next {
            continue;
        }
        let is_due = read_all.elapsed() >= METRICS;
        let read = if is_due { reader.all().await } else { reader.lines(&signals).await };
        signals = match read {
            Ok(read) => read,
            Err(error) if error.code == Code::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        };
        if is_due {
            read_all = Instant::now();
        }
    }
}

fn unshown(error: &io::Error) -> Error {
    Error::new(Code::Environment, format!("standard output cannot be written: {error}"))
}

/// Where it is shown.
struct Screen<'a> {
    live: Live<'a>,
    /// What was said last where lines are appended, and when.
    said: Option<(String, Instant)>,
}

impl<'a> Screen<'a> {
    fn new(live: Live<'a>) -> Self {
        Self { live, said: None }
    }

    /// Redraws a terminal in place. Elsewhere it appends a line or a document whenever the verdict changes, and once
    /// with each reading of the metrics. Returns whether anybody still reads.
    fn show(&mut self, report: &StatusReport, every: Duration) -> io::Result<bool> {
        if self.live.can_redraw() && !self.live.is_json() {
            let seconds = every.as_secs();
            let foot = format!("{DIM}every {seconds} s, metrics every minute; Ctrl-C ends it{DIM:#}");
            return self.live.redraw(&format!("{}\n{foot}", report.to_string().trim_end()), height());
        }
        let verdict = format!("{} {:?}", report.verdict.name(), report.since);
        let is_new = self.said.as_ref().is_none_or(|(said, at)| *said != verdict || at.elapsed() >= METRICS);
        if !is_new {
            return Ok(true);
        }
        self.said = Some((verdict, Instant::now()));
        if self.live.is_json() {
            return self.live.document("status", serde_json::to_value(report).unwrap_or_default());
        }
        self.live.text(line(report))
    }
}

/// The picture in one line.
pub(super) fn line(report: &StatusReport) -> String {
    let lag = report.lag.times.seconds.map_or_else(|| "?".to_owned(), span);
    #[expect(clippy::cast_precision_loss, reason = "counts of a day are exact in 53 bits")]
    let delivered = report
        .flow
        .delivered
        .events
        .map_or_else(|| "?".to_owned(), |events| rate(events as f64 / report.window.max(1) as f64));
    let verdict = report.verdict.name();
    format!(
        "{} {verdict}: {}; lag {lag}, {delivered} events a second delivered",
        report.time,
        visible(&report.why)
    )
}

/// Tells when the terminal has another size.
struct Resized {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Resized {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change()).ok(),
        }
    }

    async fn wait(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
