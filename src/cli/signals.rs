//! The signals that the process listens to.
//!
//! Ctrl-C, SIGTERM and SIGHUP (the terminal was closed) ask for a stop: the call in flight finishes, no further one
//! begins, and the report says what was done. SIGQUIT keeps its default: it ends the process at once.

use crate::aws::Stop;
use crate::error::Exit;
use crate::output::Progress;

/// Makes the signals ask for a stop, and reports each. A second Ctrl-C or SIGTERM ends the process at once.
///
/// A write beyond the file size limit (SIGXFSZ) becomes the error of that write instead of the end of the process.
///
/// To be called inside a runtime. A signal that cannot be listened to keeps its default.
pub fn listen(stop: &Stop, progress: &Progress) {
    let (stop, progress, mut signals) = (stop.clone(), progress.clone(), Signals::new());
    tokio::spawn(async move {
        signals.ask_to_stop().await;
        let idle = stop.is_idle();
        progress.break_line();
        stop.request();
        if !idle {
            progress.line("stopping when the calls in flight are answered; Ctrl-C again stops at once");
        }
        signals.insist().await;
        std::process::exit(Exit::Interrupted.code().into());
    });
}

#[cfg(unix)]
struct Signals {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).ok();
        // What tokio has once listened to keeps its handler, and with a handler the write fails with EFBIG.
        let _ = listen(SignalKind::from_raw(libc::SIGXFSZ));
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            // Under nohup(1) the process is to outlive its terminal.
            hangup: (!is_ignored(libc::SIGHUP)).then(|| listen(SignalKind::hangup())).flatten(),
        }
    }

    async fn ask_to_stop(&mut self) {
        tokio::select! {
            () = heard(&mut self.interrupt) => (),
            () = heard(&mut self.terminate) => (),
            () = heard(&mut self.hangup) => (),
        }
    }

    /// A terminal that is closed sends SIGHUP more than once: the shell does, and the kernel does. So another one of
    /// those does not count.
    async fn insist(&mut self) {
        tokio::select! {
            () = heard(&mut self.interrupt) => (),
            () = heard(&mut self.terminate) => (),
        }
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether the process that started this one had it ignore a signal.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the standard library does not say how a signal is handled")]
fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: a sigaction of zeros is valid, and with no new action sigaction(2) only fills in the present one.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn ask_to_stop(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }

    async fn insist(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
