//! Shows how far the reading of an account is: with a thousand log groups it takes a while.

use crate::aws::Notice;
use crate::output::Step;

/// Tells on `step` how many log groups are read, and what a read waits for.
pub(crate) fn tell(step: &Step, notice: Notice<'_>) {
    match notice {
        Notice::Read { done, total } => step.waiting(format_args!("{done} of {total} log groups")),
        Notice::Waiting { why, .. } => step.waiting(format_args!("waiting for {why}")),
        Notice::Made | Notice::Found | Notice::GivesWay { .. } => {}
    }
}
