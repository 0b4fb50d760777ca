//! Environments: what they change, and how mistakes in them are said.

use std::path::Path;

use super::tests::{flags, shown, target};
use super::*;
use crate::error::Result;
use crate::resources::{Observed, Stack, StreamMode};
use crate::stack::{RoleScope, StackName};

const FILE: &str = r#"
stack = "shop"
region = "eu-west-1"
[stream]
on_demand = true
retention_hours = 48
[tags]
team = "shop"
[destinations.app]
type = "logentries"
region = "eu"
token = { ssm = "/dev" }
[destinations.audit]
type = "logentries"
region = "eu"
token = { ssm = "/audit" }
[[routes]]
log_group = "/audit/*"
destination = "audit"

[env.dev]
stack = "shop-dev"
[env.prod]
stack = "shop-prod"
region = "us-east-1"
default_destination = "app"
routes = []
[env.prod.stream]
shards = 4
[env.prod.tags]
env = "prod"
[env.prod.destinations.app]
endpoint = "collector.internal:10000"
token = { ssm = "/prod" }
[env.prod.destinations.audit]
type = "http"
url = "https://audit.example.com/"
"#;

fn parse(text: &str, environment: Option<&str>) -> Result<File> {
    File::parse_in(Path::new("cwl2le.toml"), text.to_owned(), environment)
}

fn stack(file: &File) -> Stack {
    let name = file.stack().cloned().unwrap_or_default();
    wanted_stack(&flags(&[]), Some(file), &name, &target(), RoleScope::Plain, &Observed::default())
        .expect("a stack")
}

#[test]
fn an_environment_is_laid_over_the_rest() {
    let with_default = FILE.replacen("region = ", "default_destination = \"app\"\nregion = ", 1);
    let base = parse(&with_default, None).expect("a file");
    assert_eq!(base.environments(), ["dev", "prod"]);
    assert_eq!((base.environment(), base.stack().map(StackName::as_str)), (None, Some("shop")));
    assert_eq!(stack(&base).stream.mode.value, StreamMode::OnDemand);

    let prod = parse(FILE, Some("prod")).expect("a file");
    assert_eq!(prod.region().map(ToString::to_string).as_deref(), Some("us-east-1"));
    let stack = stack(&prod);
    assert_eq!(
        (stack.name.as_str(), stack.stream.mode.value),
        ("shop-prod", StreamMode::Provisioned { shards: 4 })
    );
    assert_eq!(stack.stream.retention_hours.value, 48, "what it does not give is that of the base");
    assert_eq!((stack.tags["team"].as_str(), stack.tags["env"].as_str()), ("shop", "prod"));
    let config = serde_json::to_value(stack.function.config.expect("a configuration")).expect("JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&config["destinations"]).expect("JSON"));
    assert_eq!(config.get("routes"), None, "an empty list takes the place of the base's");
}

#[test]
fn an_environment_that_is_not_there_ends_the_run() {
    let error = |text: &str, name| parse(text, Some(name)).map(drop).expect_err("refused");
    assert_eq!(error(FILE, "prd").message, "cwl2le.toml has no environment `prd`");
    assert_eq!(error(FILE, "prd").hint.as_deref(), Some("did you mean `prod`?"));
    assert_eq!(error(FILE, "staging").hint.as_deref(), Some("known are dev, prod"));
    assert!(error("stack = \"a\"\n", "prod").hint.is_some_and(|hint| hint.contains("[env.prod]")));
    // Also for verbs that take only the stack: they would work on another one.
    let stack = File::parse_stack(Path::new("cwl2le.toml"), FILE.to_owned(), Some("prd"));
    assert_eq!(stack.map(drop).expect_err("refused").hint.as_deref(), Some("did you mean `prod`?"));
}

/// Mistakes are marked where they stand, also in an environment that is not chosen; those of the base are said once.
#[test]
fn every_mistake_in_every_environment_is_said_once() {
    let text = "[stream]\nshards = 0\n[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\n\
                [env.dev.stream]\nretentoin_hours = 48\n\
                [env.dev.destinations.app]\ntoken = { ssm = \"/dev\" }\n\
                [env.prod]\nstack = \"No Name\"\n[env.prod.stream]\nshards = \"four\"\n\
                [env.prod.destinations.other]\nendpoint = \"h:1\"\n\
                [env.prod.env.x]\n[env.\"a b\"]\n[env]\nplain = 1\n";
    for (chosen, name) in [(None, "none"), (Some("prod"), "prod")] {
        let error = parse(text, chosen).map(drop).expect_err("refused");
        insta::assert_snapshot!(format!("mistakes_with_{name}"), shown(&error));
    }
}

#[test]
fn what_a_base_lacks_can_be_given_by_an_environment() {
    let text = "[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\n\
                [env.dev.destinations.app]\ntoken = { ssm = \"/dev\" }\n";
    parse(text, Some("dev")).expect("a file");
    let error = parse(text, None).map(drop).expect_err("no token");
    assert!(error.hint.expect("a hint").ends_with("; or choose an environment with --env: dev"));
}

#[test]
fn two_environments_of_one_stack_are_warned_of() {
    let text = "[env.dev]\n[env.prod.stream]\nshards = 4\n[env.other]\nstack = \"other\"\n";
    let warnings = |name| parse(text, name).expect("a file").warnings();
    assert!(
        warnings(Some("prod"))
            .concat()
            .contains("stack `default` in the same region, profile and role as `dev`")
    );
    assert!(warnings(Some("other")).is_empty() && warnings(None).is_empty());
}

#[test]
fn a_stack_that_slipped_within_an_environment_is_noticed() {
    let slipped = |text: &str| parse(text, Some("prod")).expect("a file").slipped();
    assert_eq!(slipped("stack = \"a\"\n[env.prod.tags]\nstack = \"b\"\n"), ["stack"]);
    assert_eq!(slipped("stack = \"a\"\n[env.prod]\nstack = \"b\"\n"), [""; 0]);
    let broken = "stack = \"a\"\n[env.prod.destinations.app]\ntype = \"pigeon\"\nstack = \"b\"\n";
    assert!(File::parse_stack(Path::new("cwl2le.toml"), broken.to_owned(), Some("prod")).is_err());
}

#[test]
fn each_environment_has_a_role_of_its_own_and_flags_win_over_it() {
    let text = "external_id = \"all\"\n[env.a]\nrole_arn = \"arn:aws:iam::111111111111:role/a\"\n[env.b]\nrole_arn = \"none\"\n";
    let parse = |name| File::parse_in(Path::new("cwl2le.toml"), text.to_owned(), Some(name)).expect("a file");
    let mut options = crate::aws::Options::default();
    fill_options(&mut options, &parse("a"), |_| None);
    assert_eq!(options.role.arn.as_deref(), Some("arn:aws:iam::111111111111:role/a"));
    assert_eq!(options.role.external_id.as_deref(), Some("all"));
    assert_eq!(parse("b").role().arn.as_deref(), Some("none"));
    let mut flag = crate::aws::Options::default();
    flag.role.arn = Some("none".to_owned());
    fill_options(&mut flag, &parse("a"), |_| None);
    assert_eq!(flag.role.arn.as_deref(), Some("none"));
    for wrong in [
        "role_arn = \"a\"",
        "role_arn = \"arn:aws:iam::1:role/a\"",
        "session_name = \"a b\"",
        "external_id = \"x\"",
    ] {
        let error = File::parse(Path::new("cwl2le.toml"), format!("{wrong}\n")).expect_err(wrong);
        assert!(error.message.starts_with("cwl2le.toml:1:"), "{error}");
    }
}
