//! Whose a payload is: its destinations, as far as this function serves them, and what becomes of the rest.

use std::borrow::Cow;

use tokio::time::Instant;

use super::batch::{Batch, uncaught};
use super::canary;
use crate::delivery::fate::{Fate, Skip};
use crate::record::event::count;
use crate::record::payload::{LogEvent, MessageType, Payload, Poison};
use crate::shape::Shape;

/// The destinations of a payload that this function serves, and the rules of its route.
type Routed<'a> = (Cow<'a, [usize]>, Option<&'a Shape>);

impl Batch<'_> {
    /// Decides whose a payload is; gives it back if it is the lane's, with the rules of its route.
    pub(super) fn claim<'b>(
        &self,
        at: usize,
        lane: usize,
        mut payload: Payload<'b>,
    ) -> Option<(Payload<'b>, Option<&Shape>)> {
        let all = payload.events.len();
        let canaries = canary::find(&payload);
        let routed = match self.skip(&payload) {
            Some(skip) => Err(Some(Fate::Skipped(skip))),
            None => self.route(at, &mut payload),
        };
        // One that was not looked at to the end comes again.
        if !canaries.is_empty() && !matches!(routed, Err(None)) {
            self.note_canaries(at, &canaries, &payload.events);
        }
        match routed {
            Ok((destinations, shape)) => {
                payload.is_of_other_account = self.is_elsewhere(&payload.owner);
                let mut ledger = self.ledger.borrow_mut();
                ledger.note_events(at, count(payload.events.len()), count(all - payload.events.len()));
                ledger.route(at, &destinations);
                destinations.contains(&lane).then_some((payload, shape))
            }
            // Nothing is known of it yet: it comes again.
            Err(None) => {
                self.late.set(true);
                None
            }
            Err(Some(fate)) => {
                self.ledger.borrow_mut().note_events(at, count(all), 0);
                self.settle(at, fate);
                None
            }
        }
    }

    /// Notes the canaries of a part, the first time that a lane looks at it.
    #[cold]
    fn note_canaries(&self, at: usize, found: &[(&str, LogEvent<'_>)], kept: &[LogEvent<'_>]) {
        let mut known = self.canaries.borrow_mut();
        if !known.iter().any(|canary| canary.part == at) {
            let room = canary::MOST - known.len();
            known.extend(canary::locate(found, at, kept).into_iter().take(room));
        }
    }

    /// Why there is nothing to deliver of a payload, if so.
    fn skip(&self, payload: &Payload<'_>) -> Option<Skip> {
        let log_group: &str = &payload.log_group;
        if payload.message_type == MessageType::Control {
            Some(Skip::Control)
        } else if self.is_own(log_group) && self.may_be_here(&payload.owner) {
            Some(Skip::OwnLogGroup)
        } else if payload.events.is_empty() {
            Some(Skip::Empty)
        } else {
            None
        }
    }

    /// Whether a function of this stack logs to a group of this name.
    fn is_own(&self, log_group: &str) -> bool {
        self.options.own_log_group.as_deref() == Some(log_group) || self.siblings.contains(log_group)
    }

    /// Whether an account may be the one that the function runs in. In a central account, the forwarders of other
    /// accounts log to groups of the same name, and these are not our own.
    fn may_be_here(&self, account: &str) -> bool {
        !self.is_elsewhere(account)
    }

    /// Whether an account is known to be another one than that of the function.
    fn is_elsewhere(&self, account: &str) -> bool {
        !account.is_empty() && self.options.own_account.as_deref().is_some_and(|own| own != account)
    }

    /// Finds the destinations of a payload that this function serves, and drops the events that their route does not
    /// want. `Err(None)` when the time of the invocation is used up meanwhile.
    fn route(&self, at: usize, payload: &mut Payload<'_>) -> Result<Routed<'_>, Option<Fate>> {
        let chosen = self
            .router
            .choose(&payload.log_group, payload.filters.iter().map(AsRef::as_ref))
            .map_err(|why| Some(self.set_aside(Poison::Unrouted(why))))?;
        let destinations = self.router.here(chosen, || self.parts.arrived(at));
        if self.parts.is_direct() && destinations.len() < chosen.len() {
            let why = "another function of the stack serves one of its destinations, and only the stream reaches that \
                       function; subscribe the log group to the stream";
            return Err(Some(Fate::Quarantined(Poison::Unrouted(why.to_owned()).into())));
        }
        if destinations.is_empty() {
            return Err(Some(Fate::Skipped(Skip::Elsewhere)));
        }
        let shape = self.router.shape(&payload.log_group, chosen);
        if let Some(shape) = shape {
            let is_done = uncaught(|| Ok(shape.select(payload, || Instant::now() < self.until)));
            match is_done {
                Ok(true) => {}
                Ok(false) => return Err(None),
                Err(poison) => return Err(Some(Fate::Quarantined(poison.into()))),
            }
        }
        Ok((destinations, shape))
    }

    /// The fate of what nobody can read or route: one function of a stack sets it aside, and that is the main one,
    /// unless no other function sees it.
    pub(super) fn set_aside(&self, poison: Poison) -> Fate {
        if self.router.is_isolated() && !self.parts.is_direct() && poison.is_of_the_record() {
            return Fate::Skipped(Skip::Elsewhere);
        }
        Fate::Quarantined(poison.into())
    }
}
