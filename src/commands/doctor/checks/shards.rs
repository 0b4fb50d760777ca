//! How full the shards are, and which log group fills them.

use super::super::evidence::{Evidence, Judged, count};
use super::super::finding::{Command, Finding};
use crate::health::{Load, ROOM, ShardLoad};
use crate::resources::{StreamMode, Unread};

/// From so many percent on, a shard is about to refuse records: within a minute they do not arrive evenly.
const HOT: f64 = 80.0;

/// Whether one shard is much fuller than it should be.
pub(super) fn hot_shard(evidence: &Evidence) -> Judged {
    let metrics = evidence.metrics()?;
    let stream = evidence.read(Unread::Stream, |observed| observed.stream.as_ref())?;
    let Some(stream) = stream else { return Err(Finding::unknown("the stream was not read")) };
    let open = stream.open_shards;
    let busiest = Load::busiest(metrics, evidence.since).unwrap_or_default();
    let shards = match &evidence.signals()?.shards {
        Some(read) => read.as_ref().map_err(Finding::from)?,
        None => {
            let found = format!(
                "all that arrived in the busiest minute fills one shard to {:.0} %",
                busiest.percent_of(1).ceil()
            );
            let finding = Finding::ok(found).with("busiest_percent", count(busiest.percent_of(open)));
            return Ok(vec![finding.with("open_shards", open)]);
        }
    };
    let Some(fullest) = shards.shards.first() else {
        return Err(Finding::unknown("no shard was found to read"));
    };
    let percent = fullest.load.percent_of(1);
    let found = format!("{} is {percent:.0} % full{}", fullest.id, filled_by(fullest));
    let finding = match stream.mode {
        _ if percent < HOT => Finding::ok(found),
        StreamMode::Provisioned { .. } if busiest.needed() > open => {
            let finding = Finding::warn(found).detail(format!(
                "the whole stream was {:.0} % full in the busiest minute, and {:.0} % is as much as is safe",
                busiest.percent_of(open),
                ROOM * 100.0
            ));
            let shards = busiest.needed().to_string();
            finding.fix(Command::own(["setup", "--shards", shards.as_str(), "--yes"]))
        }
        _ if open == 1 => Finding::warn(found).advise("more shards take more: `cwl2le setup --shards 2`"),
        _ => Finding::warn(found)
            .detail("the other shards have room: by default, all lines of a log stream go to one shard")
            .advise(
                "`cwl2le setup --distribution random` spreads them over all shards, and gives up the order of the lines of \
                 a log stream",
            ),
    };
    let finding = finding
        .with("shard", fullest.id.clone())
        .with("percent", count(percent))
        .with("busiest_percent", count(busiest.percent_of(open)))
        .with("open_shards", open);
    Ok(vec![match fullest.groups.first() {
        Some((name, part)) => {
            finding.with("log_group", name.clone()).with("log_group_percent", count(part * 100.0))
        }
        None => finding,
    }])
}

fn filled_by(shard: &ShardLoad) -> String {
    match shard.groups.first() {
        Some((name, part)) => format!(", {:.0} % of it by {name}", part * 100.0),
        None => String::new(),
    }
}
