//! What it costs to be told in time, said once: when a new stack gets no alarms.

use crate::flags::CommandLine;
use crate::output::quantity::plural;
use crate::prices::Prices;
use crate::resources::{self, AlarmsSpec, Kind, Notify, Observed, Stack};

/// A line for a new stack for which nobody has said whether it is to have alarms.
pub(super) fn offer(stack: &Stack, line: &CommandLine) -> Option<String> {
    if stack.alarms.notify != Notify::AsItIs {
        return None;
    }
    let alarms = AlarmsSpec { notify: Notify::Topic(String::new()), ..stack.alarms.clone() };
    let watched = Stack { alarms, ..stack.clone() };
    let plan = resources::setup(&watched, &Observed::default(), false);
    let count = plan.steps.iter().filter(|step| step.resource.kind == Kind::ALARM).count();
    let usd = Prices::of_region(stack.target.region.as_str()).alarms(count);
    Some(format!(
        "no alarms: `{} --email ADDRESS`, or --alarms with the ARN of a topic, has AWS tell you when lines are late or about \
         to be lost, with {} for {usd:.2} USD a month",
        line.of_stack("setup"),
        plural(count as u64, "alarm")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::tests::one_stack;

    #[test]
    fn the_price_of_alarms_is_said_where_nobody_has_decided() {
        let stack = one_stack();
        let line = CommandLine::new(["setup", "--stack", "blue", "--shards", "2"]);
        let said = offer(&stack, &line).expect("an offer");
        assert!(
            said.contains(" alarms for 0.") && said.contains("`cwl2le setup --stack blue --email ADDRESS`"),
            "{said}"
        );
        for notify in [Notify::Nobody, Notify::Topic("arn".to_owned())] {
            let decided = Stack { alarms: AlarmsSpec { notify, ..stack.alarms.clone() }, ..stack.clone() };
            assert_eq!(offer(&decided, &line), None);
        }
    }
}
