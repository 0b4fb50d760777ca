//! What `--shards auto` comes to: as many shards as the busiest minute of the last days takes.

use std::time::{Duration, UNIX_EPOCH};

use super::load::Load;
use crate::output::quantity::{plural, rate};
use crate::resources::{
    ObservedStream, ProposedShards, SHARD_CHANGES_A_DAY, StreamMode, StreamStatus, shard_changes,
};

/// Number of days that are looked at.
pub(crate) const DAYS: u32 = 7;

/// The number of shards, and what is to be said of it besides. `busiest` is that of the last days.
pub(crate) fn propose(
    stream: Option<&ObservedStream>,
    busiest: Option<&Load>,
) -> (ProposedShards, Option<String>) {
    let there = stream.filter(|stream| stream.status != StreamStatus::Deleting);
    let (Some(stream), Some(busiest)) = (there, busiest) else {
        let shards = there.map_or(1, |stream| stream.open_shards.max(1));
        let why = format!("nothing arrived in the last {DAYS} days to go by");
        let note = format!(
            "`shards = auto` stays at {}: {why}; run `cwl2le setup --shards auto` again after a busy day",
            plural(shards.into(), "shard")
        );
        return (ProposedShards { shards, why }, Some(note));
    };
    let (open, needed) = (stream.open_shards.max(1), busiest.needed());
    // Half as many is the least saving for which a stream is made smaller: load comes and goes.
    let is_fixed = matches!(stream.mode, StreamMode::Provisioned { .. });
    let wanted = if is_fixed && needed < open && needed * 2 > open { open } else { needed };
    // What does not fit into a day is refused by the plan.
    let shards =
        shard_changes(open, wanted).into_iter().take(SHARD_CHANGES_A_DAY).next_back().unwrap_or(open);
    let why = told(busiest);
    let note = if shards != wanted {
        Some(format!(
            "{wanted} shards are needed; run this again a day later, when Kinesis allows more changes"
        ))
    } else if is_fixed && shards == open {
        Some(format!("`shards = auto` stays at {}: {why}", plural(shards.into(), "shard")))
    } else {
        None
    };
    (ProposedShards { shards, why }, note)
}

/// When it was, and how much.
fn told(load: &Load) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(load.at).unwrap_or_default());
    let time = humantime::format_rfc3339_seconds(time).to_string().replace('T', " ").replace(":00Z", " UTC");
    let refused = match load.refused {
        0.0 => String::new(),
        refused => format!(" and {} refused", rate(refused)),
    };
    format!(
        "{} KiB/s and {} records/s{refused} in the busiest minute of {DAYS} days, {time}",
        rate(load.bytes / 1024.0),
        rate(load.records),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::fixture::quiet;

    fn proposed(mode: StreamMode, open_shards: u32, records: f64) -> (u32, Option<String>) {
        let stream = quiet().chain.observed.stream.expect("a stream");
        let stream = ObservedStream { mode, open_shards, ..stream };
        let load = Load { at: 1_790_000_040_000, bytes: 0.0, records, refused: 0.0 };
        let (proposed, note) = propose(Some(&stream), Some(&load));
        (proposed.shards, note)
    }

    #[test]
    fn a_stream_grows_to_what_it_needs_and_shrinks_only_to_half() {
        let fixed = |shards| StreamMode::Provisioned { shards };
        let numbers = |open, records| proposed(fixed(open), open, records).0;
        assert_eq!([numbers(1, 1300.0), numbers(2, 1300.0), numbers(3, 1300.0)], [3, 3, 3]);
        assert_eq!([numbers(4, 1300.0), numbers(5, 1300.0), numbers(6, 1300.0)], [4, 5, 3]);
        assert_eq!(numbers(1, 0.0), 1);
        assert_eq!(proposed(StreamMode::OnDemand, 4, 1300.0).0, 3);
        let (_, note) = proposed(fixed(4), 4, 1300.0);
        insta::assert_snapshot!(note.expect("a note"));
        assert_eq!(proposed(fixed(1), 1, 1300.0).1, None);
    }

    #[test]
    fn what_kinesis_does_not_allow_in_a_day_is_left_for_the_next() {
        let (shards, note) = proposed(StreamMode::Provisioned { shards: 1 }, 1, 1_000_000.0);
        assert_eq!(shards, 1024);
        assert!(note.expect("a note").starts_with("1667 shards are needed; run this again a day later"));
    }

    #[test]
    fn without_a_measurement_nothing_changes() {
        let stream = quiet().chain.observed.stream;
        let (proposed, note) = propose(stream.as_ref(), None);
        assert_eq!(proposed.shards, 1);
        assert!(note.expect("a note").contains("nothing arrived in the last 7 days"));
        let load = Load { records: 1e6, ..Load::default() };
        assert_eq!(propose(None, Some(&load)).0.shards, 1);
    }
}
