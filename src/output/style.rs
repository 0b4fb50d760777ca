//! The few styles that reports, errors and progress share. [`Printer`](super::Printer) takes them out where colours are
//! off, so that anything may be written as `{GOOD}active{GOOD:#}`.

use anstyle::{AnsiColor, Style};

/// The word `error`.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The word `hint`.
pub const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// Something is fine.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something needs attention.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Something is pending, or was skipped.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// A heading.
pub const BOLD: Style = Style::new().bold();
/// An aside.
pub const DIM: Style = Style::new().dimmed();
/// What can be typed: a command, a flag.
pub const TYPED: Style = AnsiColor::Cyan.on_default();
