//! How full each shard is, and which log groups fill it: with `--shards`.

use std::fmt;

use serde::Serialize;

use crate::health::{ShardLoad, ShardLoads};
use crate::output::quantity::rate;
use crate::output::style::{BOLD, DIM, WARN};
use crate::output::{Table, visible};

/// Number of log groups that are named for each shard.
const GROUPS: usize = 3;
/// From so many percent on, a shard is marked: the rest is needed for what is uneven within a minute.
const FULL: u64 = 60;

/// The shards that records were read from.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Shards {
    /// The fullest first.
    pub shards: Vec<Shard>,
    /// Number of shards that were left out, because there are so many.
    pub left_out: usize,
}

/// What the last minute of one shard shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Shard {
    /// Its id.
    pub id: String,
    /// Percent of what a shard takes: of its bytes or of its records, whichever is more.
    pub percent: u64,
    /// Bytes that arrived in a second.
    pub bytes_per_second: u64,
    /// Records that arrived in a second.
    pub records_per_second: f64,
    /// The log groups that fill it most.
    pub log_groups: Vec<Filler>,
}

/// A log group that fills a shard.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Filler {
    /// Its name.
    pub name: String,
    /// Percent of the bytes that arrived in the shard.
    pub percent: u64,
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

impl Shards {
    /// What is reported of what was read.
    pub(super) fn of(loads: &ShardLoads) -> Self {
        Self { shards: loads.shards.iter().map(Shard::of).collect(), left_out: loads.left_out }
    }
}

impl Shard {
    fn of(shard: &ShardLoad) -> Self {
        let groups = shard.groups.iter().take(GROUPS);
        Self {
            id: shard.id.clone(),
            percent: whole(shard.load.percent_of(1)),
            bytes_per_second: whole(shard.load.bytes),
            records_per_second: (shard.load.records * 100.0).round() / 100.0,
            log_groups: groups
                .map(|(name, part)| Filler { name: name.clone(), percent: whole(part * 100.0) })
                .collect(),
        }
    }

    fn cells(&self) -> [String; 5] {
        let groups: Vec<String> = self
            .log_groups
            .iter()
            .map(|group| format!("{} {} %", visible(&group.name), group.percent))
            .collect();
        let groups = if groups.is_empty() { format!("{DIM}nothing{DIM:#}") } else { groups.join(", ") };
        let mark = if self.percent >= FULL { format!("{WARN}!{WARN:#}") } else { " ".to_owned() };
        #[expect(clippy::cast_precision_loss, reason = "bytes of a second are exact in 53 bits")]
        let kib = self.bytes_per_second as f64 / 1024.0;
        [
            mark,
            // All ids begin with the same word and zeros.
            visible(self.id.trim_start_matches("shardId-").trim_start_matches('0')).to_owned(),
            format!("{} %", self.percent),
            format!("{} KiB/s", rate(kib)),
            groups,
        ]
    }
}

impl fmt::Display for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{BOLD}shards, by what arrived in the last minute{BOLD:#}")?;
        let mut table = Table::new(["", "shard", "full", "", "filled by"]).numbers([1, 2, 3]);
        self.shards.iter().for_each(|shard| {
            let mut cells = shard.cells();
            if cells[1].is_empty() {
                "0".clone_into(&mut cells[1]);
            }
            table.row(cells);
        });
        writeln!(f, "{table}")?;
        match self.left_out {
            0 => Ok(()),
            n => writeln!(f, "{DIM}{n} more shards were not read{DIM:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Load, Senders};

    #[test]
    fn a_shard_says_how_full_it_is_and_who_fills_it() {
        let shard = |id: &str, mib: f64, groups: &[(&str, f64)]| ShardLoad {
            id: id.to_owned(),
            load: Load { at: 0, bytes: mib * 1_048_576.0, records: 12.345, refused: 0.0 },
            groups: groups.iter().map(|(name, part)| ((*name).to_owned(), *part)).collect(),
        };
        let loads = ShardLoads {
            shards: vec![
                shard(
                    "shardId-000000000013",
                    0.82,
                    &[("/app/cart", 0.61), ("/app/\u{1b}[2J", 0.3), ("/c", 0.05), ("/d", 0.04)],
                ),
                shard("shardId-000000000000", 0.0, &[]),
            ],
            left_out: 3,
            senders: Senders::default(),
        };
        let shown = Shards::of(&loads);
        insta::assert_snapshot!(crate::output::unstyled(&shown.to_string()));
        insta::assert_json_snapshot!(shown.shards[0]);
    }
}
