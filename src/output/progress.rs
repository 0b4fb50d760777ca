//! What is being done right now, on standard error.

use std::fmt::Display;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::style::{BAD, DIM, GOOD};
use super::visible::{shown, visible};

/// How often something that is waited for is mentioned where there is no live display.
const REMINDER: Duration = Duration::from_secs(10);
/// How often the live display moves.
const TICK: Duration = Duration::from_millis(100);

/// Shows steps as they run. Clones show on the same display; steps may run at the same time.
#[derive(Clone)]
pub struct Progress {
    target: Target,
    reminder: Duration,
}

#[derive(Clone)]
enum Target {
    /// Nothing is shown.
    None,
    /// One lasting line a finished step, for logs.
    Plain(Arc<Mutex<dyn Write + Send>>),
    /// Spinners that become lasting lines.
    Live { bars: MultiProgress, color: bool },
}

impl Progress {
    /// Shows nothing.
    pub const fn none() -> Self {
        Self { target: Target::None, reminder: REMINDER }
    }

    /// Whether nothing is shown.
    pub const fn is_none(&self) -> bool {
        matches!(self.target, Target::None)
    }

    /// Writes one plain line for each finished step, and one now and then for a step that takes long. What cannot be
    /// written is dropped: a closed log must not stop the work.
    pub fn plain(to: impl Write + Send + 'static) -> Self {
        Self { target: Target::Plain(Arc::new(Mutex::new(to))), reminder: REMINDER }
    }

    /// Spins on the terminal behind standard error.
    pub(super) fn live(color: bool) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self { target: Target::Live { bars, color }, reminder: REMINDER }
    }

    /// The same, but reminding of a wait at another interval.
    #[cfg(test)]
    pub(super) fn reminding_every(self, reminder: Duration) -> Self {
        Self { reminder, ..self }
    }

    /// Writes a lasting line.
    pub fn line(&self, text: impl Display) {
        let text = text.to_string();
        match &self.target {
            Target::None => {}
            Target::Plain(to) => {
                let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = writeln!(to, "{}", shown(&text, false)).and_then(|()| to.flush());
            }
            // Not `println` of the bars: it pads lines to the width of the terminal, and copied text would be joined.
            Target::Live { bars, color } => bars.suspend(|| {
                let _ = writeln!(std::io::stderr(), "{}", shown(&text, *color));
            }),
        }
    }

    /// Begins a step, such as `creating stream cloudwatch-logs-stream`. It is shown until it is done, failed or
    /// dropped.
    #[must_use]
    pub fn begin(&self, doing: impl Into<String>) -> Step {
        let doing = visible(doing.into());
        let bar = match &self.target {
            Target::Live { bars, .. } => {
                let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
                let bar = bars.add(ProgressBar::new_spinner());
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar.set_message(doing.clone());
                bar.enable_steady_tick(TICK);
                Some(bar)
            }
            Target::None | Target::Plain(_) => None,
        };
        let now = Instant::now();
        Step { progress: self.clone(), doing, bar, begun: now, reminded: Mutex::new(now) }
    }

    /// Hides the live display while `ask` uses the terminal.
    pub fn suspend<R>(&self, ask: impl FnOnce() -> R) -> R {
        match &self.target {
            Target::Live { bars, .. } => bars.suspend(ask),
            Target::None | Target::Plain(_) => ask(),
        }
    }
}

/// A step that has begun. Dropping it takes it off the display without a word, as when its task is cancelled.
pub struct Step {
    progress: Progress,
    doing: String,
    bar: Option<ProgressBar>,
    begun: Instant,
    reminded: Mutex<Instant>,
}

impl Step {
    /// Says what the step is waiting for, such as `the role is not known to Lambda yet, attempt 3`.
    pub fn waiting(&self, why: impl Display) {
        let text = visible(format_args!("{}: {why}", self.doing));
        if let Some(bar) = &self.bar {
            bar.set_message(text);
            return;
        }
        let mut reminded = self.reminded.lock().unwrap_or_else(PoisonError::into_inner);
        if reminded.elapsed() >= self.progress.reminder {
            *reminded = Instant::now();
            self.progress.line(text);
        }
    }

    /// Ends the step with what has been done, such as `created stream cloudwatch-logs-stream`.
    pub fn done(self, what: impl Display) {
        let took = self.took();
        self.end(format_args!("{GOOD}✓{GOOD:#} "), format_args!("{}{took}", visible(what)));
    }

    /// Ends the step because it failed; the error itself is the caller's to report.
    pub fn failed(self) {
        let took = self.took();
        self.end(format_args!("{BAD}✗{BAD:#} "), format_args!("failed: {}{took}", self.doing));
    }

    /// The mark is for the live display, where finished and running steps stand together.
    fn end(&self, mark: impl Display, text: impl Display) {
        match &self.bar {
            Some(bar) => {
                bar.finish_and_clear();
                self.progress.line(format_args!("{mark}{text}"));
            }
            None => self.progress.line(text),
        }
    }

    /// How long it took, if that was long enough to be noticed.
    fn took(&self) -> String {
        match self.begun.elapsed().as_secs() {
            0 => String::new(),
            seconds => format!(" {DIM}({seconds} s){DIM:#}"),
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
