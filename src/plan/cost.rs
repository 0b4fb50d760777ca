//! What the stream of a plan costs, from docs/cost.md.

use super::stage::Verb;
use super::steps::Step;

/// Hours of a month.
const HOURS: f64 = 730.0;
/// USD for an hour of a shard, in us-east-1.
const SHARD: f64 = 0.015;
/// USD for an hour of a stream on demand.
const ON_DEMAND: f64 = 0.04;
/// USD for an hour of a shard that keeps records for longer than [`INCLUDED`].
const LONGER: f64 = 0.02;
/// Hours that records are kept without a charge.
const INCLUDED: f64 = 24.0;

/// USD a month for the stream that a plan creates, whatever flows: the only part of a chain that costs without traffic.
/// None where it creates no stream.
pub(super) fn a_month<A>(steps: &[Step<A>]) -> Option<f64> {
    let stream =
        steps.iter().find(|step| step.verb == Verb::Create && step.resource.kind.name() == "stream")?;
    let number = |name: &str| {
        let fields = stream.fields.iter().map(ToString::to_string);
        let value = fields.into_iter().find_map(|text| text.strip_prefix(name).map(ToOwned::to_owned))?;
        let digits = value.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit);
        digits.collect::<String>().parse::<f64>().ok()
    };
    let Some(shards) = number("shards:").or_else(|| number("mode:")) else { return Some(ON_DEMAND * HOURS) };
    let longer = if number("retention:").is_some_and(|hours| hours > INCLUDED) { LONGER } else { 0.0 };
    Some((SHARD + longer) * shards * HOURS)
}
