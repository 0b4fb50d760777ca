//! What is being done right now, on standard error.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::quantity;
use super::style::{BAD, DIM, GOOD};
use super::visible::{shown, visible};
use super::width::width;
use super::wrap::{columns, wrapped};

/// How often something that is waited for is mentioned where there is no live display.
const REMINDER: Duration = Duration::from_secs(10);
/// How often the live display moves.
const TICK: Duration = Duration::from_millis(100);
/// Minimum time before the pace of a bar is shown: calls come in bursts at first.
const BURST: Duration = Duration::from_secs(3);
/// Columns in which a bar of things that are counted has all the length that it needs.
const WIDE: usize = 100;

/// Shows steps as they run. Clones show on the same display; steps may run at the same time.
#[derive(Clone)]
pub struct Progress {
    target: Target,
    reminder: Duration,
    section: Option<Arc<Section>>,
}

/// What one of several runs says that share a display.
struct Section {
    /// Stands before each of its lines.
    name: String,
    /// Its lines so far, until they are shown together.
    held: Mutex<Option<Vec<String>>>,
}

#[derive(Clone)]
enum Target {
    /// Nothing is shown.
    None,
    /// One lasting line a finished step, for logs.
    Plain { to: Arc<Mutex<dyn Write + Send>>, color: bool },
    /// Spinners that become lasting lines.
    Live { bars: MultiProgress, color: bool },
}

impl Progress {
    /// Shows nothing.
    pub const fn none() -> Self {
        Self { target: Target::None, reminder: REMINDER, section: None }
    }

    /// Whether nothing is shown.
    pub const fn is_none(&self) -> bool {
        matches!(self.target, Target::None)
    }

    /// Writes one plain line for each finished step, and one now and then for a step that takes long. What cannot be
    /// written is dropped: a closed log must not stop the work.
    pub fn plain(to: impl Write + Send + 'static) -> Self {
        Self::logged(to, false)
    }

    /// The same, with or without colours.
    pub(super) fn logged(to: impl Write + Send + 'static, color: bool) -> Self {
        Self {
            target: Target::Plain { to: Arc::new(Mutex::new(to)), color },
            reminder: REMINDER,
            section: None,
        }
    }

    /// Spins on the terminal behind standard error.
    pub(super) fn live(color: bool) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self { target: Target::Live { bars, color }, reminder: REMINDER, section: None }
    }

    /// The same, but reminding of a wait at another interval.
    #[cfg(test)]
    pub(super) fn reminding_every(self, reminder: Duration) -> Self {
        Self { reminder, ..self }
    }

    /// Whether the live display has colours.
    const fn has_color(&self) -> bool {
        matches!(self.target, Target::Live { color: true, .. })
    }

    /// The progress of one of several runs that share this display. Its lines are held until [`Self::release`]; from
    /// then on each begins with this name.
    #[must_use]
    pub(crate) fn section(&self, name: String) -> Self {
        let held = Mutex::new(Some(Vec::new()));
        Self { section: Some(Arc::new(Section { name, held })), ..self.clone() }
    }

    /// The lines that a section has held so far; none where they were taken already.
    pub(crate) fn release(&self) -> Option<Vec<String>> {
        let section = self.section.as_ref()?;
        section.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A text with the name of the section.
    fn named(&self, text: &str) -> String {
        match &self.section {
            Some(section) => format!("{}  {text}", section.name),
            None => text.to_owned(),
        }
    }

    /// Writes a lasting line.
    pub fn line(&self, text: impl Display) {
        let text = text.to_string();
        let Some(section) = &self.section else { return self.put(&text) };
        let mut held = section.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => held.push(text),
            None => {
                let lines = text.split('\n').filter(|line| !line.trim().is_empty());
                lines.for_each(|line| self.put(&format!("{DIM}{}{DIM:#}  {line}", section.name)));
            }
        }
    }

    fn put(&self, text: &str) {
        match &self.target {
            Target::None => {}
            Target::Plain { to, color } => {
                let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = writeln!(to, "{}", shown(text, *color)).and_then(|()| to.flush());
            }
            // Not `println` of the bars: it pads lines to the width of the terminal, and copied text would be joined.
            Target::Live { bars, color } => {
                let text = fitted(&shown(text, *color), width());
                bars.suspend(|| {
                    let _ = writeln!(std::io::stderr(), "{text}");
                });
            }
        }
    }

    /// Writes a line of the log, also where nothing else is shown.
    pub(super) fn log(&self, text: impl Display) {
        match &self.target {
            Target::None => {
                let _ = writeln!(std::io::stderr(), "{}", shown(&text.to_string(), false));
            }
            Target::Plain { .. } | Target::Live { .. } => self.line(text),
        }
    }

    /// Begins a step, such as `creating stream cloudwatch-logs-stream`. It is shown until it is done, failed or
    /// dropped.
    #[must_use]
    pub fn begin(&self, doing: impl Into<String>) -> Step {
        let style = ProgressStyle::with_template(match self.has_color() {
            true => "  {spinner:.cyan} {wide_msg} {elapsed:.dim}",
            false => "  {spinner} {wide_msg} {elapsed}",
        });
        self.step(doing.into(), || {
            let spinner = ProgressBar::new_spinner();
            spinner.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        })
    }

    /// Begins a step of many equal parts, such as `subscription filters`: a bar with their count and pace.
    #[must_use]
    pub fn begin_many(&self, doing: impl Into<String>, total: usize) -> Step {
        // The two parts of the bar differ without colours, too.
        let style = ProgressStyle::with_template(match (self.has_color(), width() < WIDE) {
            (true, false) => "  {spinner:.cyan} {msg}   {bar:30.cyan/dim}   {pos}/{len}   {pace:.dim}",
            (true, true) => "  {spinner:.cyan} {msg}  {wide_bar:.cyan/dim}  {pos}/{len}  {pace:.dim}",
            (false, false) => "  {spinner} {msg}   {bar:30}   {pos}/{len}   {pace}",
            (false, true) => "  {spinner} {msg}  {wide_bar}  {pos}/{len}  {pace}",
        });
        self.step(doing.into(), || {
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─");
            let pace = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&pace(state));
            };
            ProgressBar::new(total as u64).with_style(style.with_key("pace", pace))
        })
    }

    fn step(&self, doing: String, bar: impl FnOnce() -> ProgressBar) -> Step {
        let doing = visible(doing);
        let bar = match &self.target {
            Target::Live { bars, .. } => {
                let bar = bars.add(bar());
                bar.set_message(self.named(&doing));
                bar.enable_steady_tick(TICK);
                Some(bar)
            }
            Target::None | Target::Plain { .. } => None,
        };
        let now = Instant::now();
        Step { progress: self.clone(), doing, bar, begun: now, reminded: Mutex::new(now) }
    }

    /// Ends the line on which a terminal shows `^C`, so that what is written next has a line of its own.
    pub fn break_line(&self) {
        if std::io::stderr().is_terminal() {
            // Nobody reads what a closed terminal does not take.
            let _ = self.suspend(|| std::io::stderr().write_all(b"\n"));
        }
    }

    /// Hides the live display while `ask` uses the terminal.
    pub fn suspend<R>(&self, ask: impl FnOnce() -> R) -> R {
        match &self.target {
            Target::Live { bars, .. } => bars.suspend(ask),
            Target::None | Target::Plain { .. } => ask(),
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
            bar.set_message(self.progress.named(&text));
            return;
        }
        let mut reminded = self.reminded.lock().unwrap_or_else(PoisonError::into_inner);
        if reminded.elapsed() >= self.progress.reminder {
            *reminded = Instant::now();
            self.progress.line(text);
        }
    }

    /// Says how many parts of a step with many have ended.
    pub fn count(&self, ended: usize, total: usize) {
        match &self.bar {
            Some(bar) => bar.set_position(ended as u64),
            None => self.waiting(format_args!("{ended} of {total}")),
        }
    }

    /// Ends the step with a row for the table of what was done: `is_good`, what, and in a column behind `column`
    /// columns the time.
    pub fn row(self, is_good: bool, what: impl Display, column: usize) {
        let took = quantity::stopwatch(self.begun.elapsed().as_secs_f64());
        let mark = if is_good { format!("{GOOD}✓{GOOD:#}") } else { format!("{BAD}✗{BAD:#}") };
        let text = format!("{:<column$}{DIM}{took:>9}{DIM:#}", visible(what));
        self.end(format_args!("  {mark} "), text);
    }

    /// Ends the step with what has been done, such as `created stream cloudwatch-logs-stream`.
    pub fn done(self, what: impl Display) {
        let took = self.took();
        self.end(format_args!("  {GOOD}✓{GOOD:#} "), format_args!("{}{took}", visible(what)));
    }

    /// Ends the step because it failed; the error itself is the caller's to report.
    pub fn failed(self) {
        let took = self.took();
        self.end(format_args!("  {BAD}✗{BAD:#} "), format_args!("failed: {}{took}", self.doing));
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

/// A text whose lines fit into `width` columns, as far as their words allow. What is wrapped stands a little further in.
fn fitted(text: &str, width: usize) -> String {
    /// Columns by which it does.
    const DEEPER: usize = 2;
    let fit = |line: &str| {
        if columns(line) <= width {
            return line.to_owned();
        }
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        let lines: Vec<String> = wrapped(words, width.saturating_sub(indent + DEEPER)).collect();
        format!("{:indent$}{}", "", lines.join(&format!("\n{:1$}", "", indent + DEEPER)))
    };
    text.split('\n').map(fit).collect::<Vec<_>>().join("\n")
}

/// How fast the parts of a bar come, and how long the rest takes at that pace.
fn pace(state: &ProgressState) -> String {
    match state.elapsed() < BURST || state.pos() == 0 {
        true => String::new(),
        false => {
            let left = quantity::span(state.eta().as_secs_f64());
            format!("{}/s · {left} left", quantity::rate(state.per_sec()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_further_in() {
        assert_eq!(fitted("  one two three\nfour", 11), "  one two\n    three\nfour");
        assert_eq!(fitted("one two\n", 11), "one two\n");
        let styled = format!("{DIM}one two three{DIM:#}");
        assert_eq!(fitted(&styled, 9), format!("{DIM}one two{DIM:#}\n  {DIM}three{DIM:#}"));
    }
}
