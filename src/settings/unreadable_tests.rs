//! What is asked for, beside a configuration of the function that cannot be read.

use super::describe_tests::account;
use super::tests::{TOKEN, stack};
use crate::resources::Observed;

/// A newer version's configuration of two services in the EU, and a token for one in the US in the environment.
#[test]
fn flags_are_never_taken_for_the_whole_of_what_cannot_be_read() {
    let eu = |name: &str| {
        format!("[destinations.{name}]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = \"{TOKEN}\"\n")
    };
    let text = format!(
        "default_destination = \"app\"\n{}{}[[routes]]\nlog_group = \"/audit/*\"\ndestination = \"audit\"\n",
        eu("app"),
        eu("audit")
    );
    let made = stack(&[], &text, &Observed::default()).expect("a stack");
    let (mut there, _) = account(&made);
    let function = there.function.as_mut().expect("made");
    for value in function.environment.values_mut() {
        value.0 = value.0.replacen('{', "{\"compression\":\"zstd\",", 1);
    }
    let complete = |flags: &[&str], text: &str| {
        let wanted = stack(flags, text, &there).expect("a stack");
        let plan = crate::resources::setup(&wanted, &there, false);
        let refused = plan.refused.iter().any(|refusal| refusal.code == crate::error::Code::Unreadable);
        assert_eq!(refused, !wanted.function.config_is_complete, "{plan}");
        wanted.function.config_is_complete
    };
    let rest = "[function]\nquarantine = \"none\"\nmetrics = \"cloudwatch\"\n";
    assert!(!complete(&[], ""), "nothing asked for");
    assert!(!complete(&["--token", TOKEN], ""), "a flag for one destination");
    assert!(!complete(&["--token", TOKEN], rest), "no destinations");
    assert!(!complete(&[], &text), "the quarantine would be forgotten");
    assert!(!complete(&["--quarantine", "none"], &text), "and whether there are metrics");
    assert!(complete(&[], &format!("{text}{rest}")));
}
