//! Ways to nobody, and past a route that redacts.

use cwl2le_forwarder::config::Config;
use serde_json::{Value, json};

use crate::resources::subscriptions::plan_tests::everything;
use crate::resources::tests::{empty_account, filters, one_stack};
use crate::resources::*;
use crate::resources::{FilterSpec, Stack};

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
    warn_routes(stack, &account, Subscribed::Known, plan).notes
}

#[test]
fn the_default_is_a_way_past_routes_that_redact_for_what_no_route_matches() {
    let with_default = stack(json!([redacting("/aws/*", "app")]), Some("audit"));
    assert_eq!(notes(&with_default, &["/aws/x"], ""), [""; 0], "a route matches");
    let [note] = &notes(&with_default, &["/aws/x", "/else", "/other"], "")[..] else { panic!("one note") };
    assert_eq!(
        note,
        "warning: events of `/else`, `/other` are not redacted: no route matches, and the default destination `audit` gets \
         them unredacted"
    );
    for others in [
        stack(json!([redacting("/aws/*", "app"), {"log_group": "*", "destination": "app"}]), Some("app")),
        stack(json!([{"log_group": "/aws/*", "destination": "app"}]), Some("audit")),
    ] {
        assert_eq!(notes(&others, &["/aws/x", "/else"], ""), [""; 0]);
    }
    // `setup` does not look for what was subscribed before where the file does not say what is to be subscribed.
    let plan = warn_routes(&with_default, &Observed::default(), Subscribed::SomeUnknown, Plan::default());
    assert!(plan.notes.concat().contains("no route matches go to `audit` without redaction"), "{plan}");
}

#[test]
fn what_no_route_matches_and_no_default_takes_is_said_before_it_is_lost() {
    let mut stack = stack(json!([{"log_group": "/aws/*", "destination": "app"}]), None);
    assert_eq!(notes(&stack, &["/aws/x"], ""), [""; 0]);
    assert_eq!(notes(&stack, &["/else"], "@app"), [""; 0], "a pin needs no route");
    let groups = ["/a", "/b", "/c", "/d", "/e", "/f", "/aws/x"];
    let [note] = &notes(&stack, &groups, "")[..] else { panic!("one note") };
    assert_eq!(
        note,
        "warning: events of `/a`, `/b`, `/c`, `/d`, `/e` and 1 more have no destination: no route matches and there is no \
         default destination, so they would be counted and not delivered; set `default_destination` in cwl2le.toml, or add \
         a route"
    );
    let config = stack.function.config.as_mut().expect("a configuration");
    config.quarantine = Some("s3://kept/here".parse().expect("a place"));
    assert!(notes(&stack, &["/else"], "")[0].contains("only be kept in s3://kept/here"));

    let account = empty_account(&[]);
    let policy = |stack: &Stack, pin| {
        let wanted = everything(stack, pin, None, &[]);
        let plan = subscribe_all(stack, &wanted, &account, &FilterOptions::default());
        warn_routes(stack, &account, Subscribed::Known, plan).notes
    };
    assert!(
        policy(&stack, "")[0].contains("covers log groups that no route may match"),
        "{:?}",
        policy(&stack, "")
    );
    assert_eq!(policy(&stack, "@app"), [""; 0]);

    // Routes that only the function reads may match.
    let config = stack.function.config.as_mut().expect("a configuration");
    (config.routes, config.routes_from) =
        (Vec::new(), serde_json::from_value(json!({"ssm": "/routes"})).ok());
    assert!(config.routes_from.is_some());
    assert_eq!((notes(&stack, &["/else"], ""), policy(&stack, "")), (Vec::new(), Vec::new()));
}

#[test]
fn a_pin_and_a_route_that_stands_first_are_ways_past_routes_that_redact() {
    let routes = json!([{"log_group": "/aws/{rds,ecs}/*", "destination": "app"}, redacting("/aws/*", "app")]);
    let stack = stack(routes, None);
    assert_eq!(notes(&stack, &["/aws/lambda/x"], ""), [""; 0]);
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
    let stack = stack(json!([redacting("/aws/*", "app"), {"log_group": "*", "destination": "app"}]), None);
    let of = |pin| {
        let wanted = everything(&stack, pin, None, &[]);
        let account = empty_account(&[]);
        let plan = subscribe_all(&stack, &wanted, &account, &FilterOptions::default());
        warn_routes(&stack, &account, Subscribed::Known, plan).notes
    };
    assert_eq!([of(""), of("@app")], [[""; 0], [""; 0]]);
    assert!(
        of("@audit")[0].contains("past the route for `/aws/*`, which redacts them"),
        "{:?}",
        of("@audit")
    );
}
