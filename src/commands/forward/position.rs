//! The number of events of the input that are done: where another run has to continue.

use cwl2le_forwarder::delivery::account::{Account, Part};
use cwl2le_forwarder::delivery::fate::Fate;
use cwl2le_forwarder::record::payload::parse;
use cwl2le_forwarder::route::Router;

use crate::events::Record;

/// What is done of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The first events, without a gap, that are done: delivered, dropped by a rule, or refused for good.
    pub(super) events: u64,
    /// Later events that were delivered nevertheless.
    pub(super) beyond: u64,
}

/// Counts what is done of the records, each of which is a part of the account.
pub(super) fn settled(router: &Router, records: &[Record], account: &Account) -> Position {
    let mut position = Position::default();
    let mut open = true;
    for (record, part) in records.iter().zip(&account.parts) {
        let done = done(account, part);
        if open && part.fate != Fate::Failed {
            position.events += size(record, part);
        } else if open {
            open = false;
            position.events += raw(router, record, done, part.filtered);
        } else {
            position.beyond += u64::from(done);
        }
    }
    position
}

/// How many events precede the one at this position among those that the route keeps.
pub(super) fn before(
    router: &Router,
    records: &[Record],
    account: &Account,
    (record, event): (usize, u32),
) -> u64 {
    let parts = || records.iter().zip(&account.parts);
    let whole: u64 = parts().take(record).map(|(record, part)| size(record, part)).sum();
    whole + parts().nth(record).map_or(0, |(record, part)| raw(router, record, event, part.filtered))
}

/// How many events a record holds, as `--skip` counts them. For a record that was rejected unread, the account may not
/// know.
fn size(record: &Record, part: &Part) -> u64 {
    match part.fate {
        Fate::Quarantined(_) => record.events() as u64,
        _ => u64::from(part.events) + u64::from(part.filtered),
    }
}

/// How many of a part's first events all of its destinations have, among those that its rules keep.
fn done(account: &Account, part: &Part) -> u32 {
    account.shares(part).iter().map(|share| share.progress.done).min().unwrap_or(0)
}

/// How many events of a record precede the first one that is not done. Those that rules drop count.
fn raw(router: &Router, record: &Record, done: u32, filtered: u32) -> u64 {
    let all = || {
        let mut json = Vec::new();
        record.payload(&mut json).ok()?;
        let payload = parse(&json).ok()?;
        let destinations =
            router.choose(&payload.log_group, payload.filters.iter().map(AsRef::as_ref)).ok()?;
        let filter = router.shape(&payload.log_group, destinations)?.filter(&payload);
        let mut kept = payload.events.iter().enumerate().filter(|(_, event)| filter.drops(event).is_none());
        kept.nth(done as usize).map(|(at, _)| at as u64)
    };
    if filtered == 0 { done.into() } else { all().unwrap_or(0) }
}
