//! Which of two functions serves a destination when: the main one, or the one of its own.
//!
//! Each function has a checkpoint of its own in the stream, so a destination cannot simply change hands: what the one
//! has passed over the other may have passed over as well. It changes hands by the time at which records arrived.
//! Both functions get opposite schedules, and the function that takes over gets its own first. Whatever interrupts a
//! run, each record is served by one of the two at least:
//!
//! - Until the function that lets go has its schedule, it serves everything.
//! - It gets its schedule only while the change is still ahead, when the function that takes over is known to have its
//!   own. Where that function is new, its trigger reads from before the change, so that the time makes no difference.
//! - A change that has passed before both know of it is replaced by a later one.

use cwl2le_forwarder::config::{Config, Schedule};

/// Seconds before a change in which nobody begins to let go any more.
pub(crate) const MARGIN: u64 = 5;

/// What the two functions are to have of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shares {
    /// The schedule of the main function.
    pub(crate) main: Schedule,
    /// That of the destination's own function; none where it is not needed, or not any more.
    pub(crate) own: Option<Schedule>,
    /// Where one of the functions has to let go: by when.
    pub(crate) letting_go: Option<LettingGo>,
}

/// A function that has to let go of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LettingGo {
    /// Whether it is the main function; else the destination's own.
    pub(crate) is_main: bool,
    /// The time from which the other one serves it, in seconds since 1970.
    pub(crate) at: u64,
    /// Whether the other one has to know before that time.
    pub(crate) in_time: bool,
    /// Whether the time is new in this plan.
    pub(crate) is_new: bool,
}

/// What the two functions have of a destination now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Now {
    /// The schedule of the main function; none where there is no such function.
    pub(crate) main: Option<Schedule>,
    /// That of the destination's own function; none where there is no such function.
    pub(crate) own: Option<Schedule>,
}

/// The time of planning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// Seconds since 1970; none where nobody looks at the clock, and then nothing is ever over.
    pub(crate) now: Option<u64>,
    /// Seconds from now to a change.
    pub(crate) lead: u64,
    /// Seconds that the stream keeps records.
    pub(crate) retention: u64,
}

/// Seconds beyond the stream's retention after which a change is forgotten.
pub(crate) const BEYOND_RETENTION: u64 = 3600;

impl Times {
    /// A schedule without the changes from before the oldest record of the stream.
    pub(crate) fn recent(&self, schedule: &Schedule) -> Schedule {
        let oldest = self.now.map_or(0, |now| now.saturating_sub(self.retention + BEYOND_RETENTION));
        schedule.since(oldest)
    }

    /// Whether there is time enough before a change to let go.
    fn is_ahead(&self, change: u64) -> bool {
        self.now.is_none_or(|now| now + 2 * MARGIN < change)
    }
}

/// The schedule of what is served all the time, or never.
pub(crate) fn constant(served: bool) -> Schedule {
    Schedule { first: served, changes: Vec::new() }
}

/// When a function serves a destination; none where its configuration does not know the destination.
pub(crate) fn schedule_of(config: &Config, destination: &str) -> Option<Schedule> {
    if config.destinations.contains_key(destination) {
        return Some(config.schedules.get(destination).cloned().unwrap_or_else(|| constant(true)));
    }
    config.elsewhere.contains(destination).then(|| constant(false))
}

/// Decides for one destination.
pub(crate) fn share(isolated: bool, now: &Now, times: Times) -> Shares {
    let now = Now {
        main: now.main.as_ref().map(|schedule| times.recent(schedule)),
        own: now.own.as_ref().map(|schedule| times.recent(schedule)),
    };
    if isolated { to_its_own(&now, times) } else { to_main(&now, times) }
}

fn to_its_own(now: &Now, times: Times) -> Shares {
    let base = now.main.clone().unwrap_or_else(|| constant(false));
    if !base.last() {
        return Shares { own: Some(base.opposite()), main: base, letting_go: None };
    }
    // A function that has never had this destination cannot have passed anything over.
    let is_first = base.changes.is_empty();
    let prepared = prepared(&base, now.own.as_ref()).filter(|at| is_first || times.is_ahead(*at));
    let in_time = now.own.is_some() && !(is_first && prepared.is_some());
    hand_over(&base, prepared, times, true, in_time)
}

fn to_main(now: &Now, times: Times) -> Shares {
    let always = constant(true);
    let Some(base) = now.own.as_ref().filter(|_| now.main.as_ref() != Some(&always)) else {
        return Shares { main: always, own: None, letting_go: None };
    };
    if *base == constant(false) {
        return Shares { main: always, own: None, letting_go: None };
    }
    if !base.last() {
        return Shares { main: base.opposite(), own: Some(base.clone()), letting_go: None };
    }
    let prepared = prepared(base, now.main.as_ref()).filter(|at| times.is_ahead(*at));
    hand_over(base, prepared, times, false, true)
}

/// The change for which the function that takes over is prepared already, by a run that was interrupted.
fn prepared(base: &Schedule, taking: Option<&Schedule>) -> Option<u64> {
    let taking = taking?;
    let at = *taking.changes.last()?;
    (taking.changes.len() == base.changes.len() + 1 && *taking == base.opposite().and_then(at)).then_some(at)
}

fn hand_over(
    base: &Schedule,
    prepared: Option<u64>,
    times: Times,
    main_lets_go: bool,
    in_time: bool,
) -> Shares {
    let after_last = base.changes.last().map_or(0, |last| last + 1);
    let at = prepared.unwrap_or_else(|| (times.now.unwrap_or_default() + times.lead).max(after_last));
    let (lets_go, takes) = (base.clone().and_then(at), base.opposite().and_then(at));
    let letting_go = Some(LettingGo { is_main: main_lets_go, at, in_time, is_new: prepared.is_none() });
    let (main, own) = if main_lets_go { (lets_go, takes) } else { (takes, lets_go) };
    Shares { main, own: Some(own), letting_go }
}
