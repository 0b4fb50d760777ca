//! The alarms on a stack, whoever made them.

use crate::aws::Aws;
use crate::aws::cloudwatch::{self, alarms as read};
use crate::error::Result;
use crate::health::{Alarm, Alarms, Chain};

/// Maximum number of pages of 100 alarms: those of the whole account and region.
const PAGES: usize = 3;

/// The alarms of the account and region, and whether these are all.
pub(super) type Account = (Vec<cloudwatch::Alarm>, bool);

/// Reads them.
pub(super) async fn of_account(aws: Aws<'_>) -> Result<Account> {
    let (alarms, more) = read(aws, "", PAGES).await?;
    Ok((alarms, !more))
}

/// Those on metrics of the stream, of a function of the stack or of its event source mapping.
pub(super) fn of_stack(chain: &Chain, (alarms, is_whole): Account) -> Alarms {
    let mut subjects =
        vec![chain.names.stream.clone(), chain.names.function.clone(), chain.names.filter.clone()];
    subjects.extend(chain.isolated().map(|(names, _)| names.function));
    subjects.extend(chain.mappings().map(|mapping| mapping.uuid.clone()));
    let is_ours = |alarm: &cloudwatch::Alarm| {
        let dimensions = alarm.metric.iter().flat_map(|metric| metric.dimensions.values());
        dimensions.into_iter().any(|value| subjects.contains(value))
    };
    let alarms = alarms.into_iter().filter(is_ours).map(|alarm| Alarm {
        notifies: alarm.actions_enabled && !alarm.actions.is_empty(),
        metric: alarm.metric.map(|metric| metric.name),
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our time fit")]
        since: alarm.since.map(|seconds| (seconds * 1000.0) as i64),
        name: alarm.name,
        state: alarm.state,
    });
    Alarms { alarms: alarms.collect(), is_whole }
}
