//! Ways past a route that redacts.

use cwl2le_forwarder::config::Config;
use serde_json::{Value, json};

use super::subscription_tests::everything;
use super::tests::{empty_account, filters, one_stack};
use super::*;
use crate::stack::{FilterSpec, Stack};

fn stack(routes: Value, default: Option<&str>) -> Stack {
    let one = json!({"type": "logentries", "region": "eu", "token": {"ssm": "/a"}});
    let mut config =
        json!({"destinations": {"app": one, "audit": one}, "routes": routes, "hash_key": {"ssm": "/k"}});
    if let Some(default) = default {
        config["default"] = default.into();
    }
    let mut stack = one_stack();
    stack.function.config = Some(Config::from_json(&config.to_string()).expect("a configuration"));
    stack
}

fn redacting(pattern: &str, destination: &str) -> Value {
    json!({"log_group": pattern, "destination": destination, "shape": {"redact": [{"find": ["email"], "as": "hash"}]}})
}

fn notes(stack: &Stack, log_groups: &[&str], pin: &str) -> Vec<String> {
    let groups: Vec<String> = log_groups.iter().map(|name| (*name).to_owned()).collect();
    let account = empty_account(&groups);
    let name = format!("{}{pin}", stack.names.filter);
    let specs = filters(stack, &groups, "", 0);
    let specs: Vec<_> = specs.into_iter().map(|spec| FilterSpec { name: name.clone(), ..spec }).collect();
    let plan = subscribe(stack, &specs, &account, &FilterOptions::default());
    warn_unredacted(stack, &account, plan).notes
}

#[test]
fn the_default_is_a_way_past_routes_that_redact() {
    let with_default = stack(json!([redacting("/aws/*", "app")]), Some("audit"));
    let [note] = &notes(&with_default, &["/aws/x"], "")[..] else { panic!("one note") };
    assert!(note.contains("no route matches go to `audit` without redaction"), "{note}");
    for others in [
        stack(json!([redacting("/aws/*", "app")]), None),
        stack(json!([redacting("/aws/*", "app"), {"log_group": "*", "destination": "app"}]), Some("app")),
        stack(json!([{"log_group": "/aws/*", "destination": "app"}]), Some("audit")),
    ] {
        assert_eq!(notes(&others, &["/aws/x"], ""), [""; 0]);
    }
}

#[test]
fn a_pin_and_a_route_that_stands_first_are_ways_past_routes_that_redact() {
    let routes = json!([{"log_group": "/aws/{rds,ecs}/*", "destination": "app"}, redacting("/aws/*", "app")]);
    let stack = stack(routes, None);
    assert_eq!(notes(&stack, &["/aws/lambda/x", "/else"], ""), [""; 0]);
    assert_eq!(notes(&stack, &["/aws/lambda/x"], "@app"), [""; 0], "a pin to the route's own destination");
    let [note] = &notes(&stack, &["/aws/lambda/x", "/aws/lambda/y", "/else"], "@audit")[..] else {
        panic!("one note")
    };
    assert!(note.contains("`/aws/lambda/x`, `/aws/lambda/y` are not redacted"), "{note}");
    assert!(note.contains("to `audit`, past the route for `/aws/*`"), "{note}");
    let [note] = &notes(&stack, &["/aws/rds/x"], "")[..] else { panic!("one note") };
    assert!(
        note.contains("the route for `/aws/{rds,ecs}/*` matches before the route for `/aws/*`"),
        "{note}"
    );
}

#[test]
fn an_account_policy_that_pins_is_one_as_well() {
    let stack = stack(json!([redacting("/aws/*", "app")]), None);
    let of = |pin| {
        let wanted = everything(&stack, pin, None, &[]);
        let account = empty_account(&[]);
        let plan = subscribe_all(&stack, &wanted, &account, &FilterOptions::default());
        warn_unredacted(&stack, &account, plan).notes
    };
    assert_eq!([of(""), of("@app")], [[""; 0], [""; 0]]);
    assert!(
        of("@audit")[0].contains("past the route for `/aws/*`, which redacts them"),
        "{:?}",
        of("@audit")
    );
}
