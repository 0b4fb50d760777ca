//! A process under measurement: its CPU time and its peak memory.

use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A child process; it is killed when this value is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) started: Instant,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let started = Instant::now();
        Ok(Self { child: command.spawn()?, started })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The CPU time of all its threads, in user space and in the kernel. Waits until no thread is running.
    ///
    /// # Errors
    /// When the process has ended, or the kernel has no `CONFIG_SCHED_INFO`.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        loop {
            let mut nanoseconds = 0_u64;
            let mut waits = true;
            for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
                let thread = thread?.path();
                let stat = fs::read_to_string(thread.join("stat"))?;
                // The state follows the program's name, which stands in parentheses and may contain anything.
                let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
                waits &= state.starts_with('S');
                let times = fs::read_to_string(thread.join("schedstat"))?;
                let time = times.split_whitespace().next().and_then(|time| time.parse::<u64>().ok());
                nanoseconds += time.ok_or_else(|| io::Error::other("the kernel does not count CPU time"))?;
            }
            // The kernel updates the time of a running thread only now and then.
            if waits {
                return Ok(Duration::from_nanos(nanoseconds));
            }
            std::thread::yield_now();
        }
    }

    /// Peak resident memory so far, in bytes.
    pub(crate) fn peak_memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("no VmHWM in status"))
    }

    /// Waits until the process ends.
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        self.child.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command with an empty environment.
pub(crate) fn bare(program: &std::path::Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}
