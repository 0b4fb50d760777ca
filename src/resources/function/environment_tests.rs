//! The size of the environment, counted as Lambda counts it.

use std::collections::BTreeMap;

use cwl2le_forwarder::config::{CONFIG_ENV, Config};
use proptest::prelude::*;
use serde_json::json;

use crate::resources::EnvValue;
use crate::resources::function::environment::check_size;
use crate::resources::tests::one_stack;
use crate::resources::*;

fn config(destinations: usize, routes: usize) -> Config {
    let token = "00000000-0000-0000-0000-000000000000";
    let destinations: serde_json::Map<_, _> = (0..destinations)
        .map(|n| (format!("service-{n:02}"), json!({"type": "logentries", "region": "eu", "token": token})))
        .collect();
    let route = |n| json!({"log_group": format!("/team/{n}/*"), "destination": "service-01"});
    let routes: Vec<_> = (0..routes).map(route).collect();
    Config::from_json(&json!({"destinations": destinations, "routes": routes}).to_string()).expect("valid")
}

fn refusal(environment: &BTreeMap<String, EnvValue>) -> Option<Refusal> {
    check_size(&ResourceId::new(Kind::FUNCTION, "f"), None, environment).err()
}

proptest! {
    /// Lambda serialises the variables as one JSON object and counts its bytes.
    #[test]
    fn exactly_what_fits_as_json_is_accepted(
        names in proptest::collection::btree_set("[A-Z]{2,9}", 1..4),
        text in "[a-z\"\\\\\né]{0,60}",
        spare in -3isize..4,
    ) {
        let mut environment: BTreeMap<String, EnvValue> =
            names.iter().map(|name| (name.clone(), EnvValue(text.clone()))).collect();
        let size = |environment: &BTreeMap<String, EnvValue>| {
            let plain: BTreeMap<&str, &str> =
                environment.iter().map(|(name, value)| (name.as_str(), value.0.as_str())).collect();
            serde_json::to_string(&plain).expect("JSON").len()
        };
        let fill = 4096isize.saturating_sub_unsigned(size(&environment)) + spare;
        let last = environment.values_mut().last().expect("one");
        last.0.push_str(&"x".repeat(usize::try_from(fill).expect("there is room")));
        prop_assert_eq!(refusal(&environment).is_none(), size(&environment) <= 4096);
    }
}

#[test]
fn what_would_fit_without_the_quotes_is_refused() {
    let mut stack = one_stack();
    let config = config(42, 0);
    let raw = CONFIG_ENV.len() + config.to_json().len();
    assert!(raw < 4096, "{raw}");
    stack.function.config = Some(config);
    let plan = setup(&stack, &Observed::default(), false);
    let refusal = plan.refused.first().expect("refused");
    assert_eq!(refusal.resource.name, stack.names.function);
    for said in ["42 destinations", "the largest destination `service-"] {
        assert!(refusal.reason.contains(said), "{}", refusal.reason);
    }
    assert!(refusal.hint.contains("isolated = true") && refusal.hint.contains("ssm ="), "{}", refusal.hint);
}

#[test]
fn the_function_of_an_isolated_destination_is_refused_by_its_own_name() {
    let mut stack = one_stack();
    stack.function.config = Some(config(2, 90));
    stack.isolation.destinations.insert("service-01".to_owned());
    let observed = Observed { time: Some(1_790_000_000), ..Observed::default() };
    let plan = setup(&stack, &observed, false);
    let own = stack.names.isolated("service-01").function;
    assert!(
        plan.refused
            .iter()
            .any(|refusal| refusal.resource.name == own && refusal.reason.contains("90 routes")),
        "{plan}"
    );
}
