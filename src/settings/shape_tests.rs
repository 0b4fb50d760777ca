//! The rules of a route: handed on, described again, and refused with their place.

use super::tests::{parse, stack};
use super::{describe, describe_tests};
use crate::error::Code;
use crate::resources::Observed;

const SHAPED: &str = r#"
hash_key = { ssm = "/cwl2le/hash-key" }
[destinations.default]
type = "logentries"
region = "eu"
token = { ssm = "/cwl2le/app" }
[[routes]]
log_group = "*"
destination = "default"
[routes.shape]
exclude = [{ rule = "lambda-platform" }, { message = "say \"hi\"\n", stream = "x" }]
sample = { rate = 0.25 }
redact = [{ find = ["email"], as = "hash" }, { pattern = 'pin=(\d+)', name = "pin" }]
fields = { set = { team = "a" } }
format = "json"
"#;

#[test]
fn rules_of_a_route_are_handed_on_and_described() {
    let first = stack(&[], SHAPED, &Observed::default()).expect("a stack");
    let config = first.function.config.as_ref().expect("a configuration");
    let expected = r#"{"exclude":[{"rule":"lambda-platform"},{"message":"say \"hi\"\n","stream":"x"}],"sample":{"rate":0.25},"redact":[{"find":["email"],"as":"hash"},{"pattern":"pin=(\\d+)","name":"pin"}],"fields":{"set":{"team":"a"}},"format":"json"}"#;
    assert_eq!(config.routes[0].shape, Some(serde_json::from_str(expected).expect("rules")));
    let policy = first.function_role.policy.to_string();
    assert!(policy.contains("parameter/cwl2le/hash-key"), "{policy}");

    let (observed, _) = describe_tests::account(&first);
    let (text, _) = describe::describe(&first, &observed);
    let again = stack(&[], &text, &Observed::default()).expect("a stack");
    assert_eq!(again.function.config, first.function.config, "{text}");
}

#[test]
fn rules_that_cannot_be_are_refused_with_their_place() {
    let wrong = |from: &str, to: &str| {
        let error = parse(&SHAPED.replace(from, to)).expect_err("a mistake");
        error.to_string()
    };
    let error = wrong("pin=(", "pin=((");
    assert!(error.contains("cwl2le.toml:13:58") && error.contains("`shape.redact[1].pattern`"), "{error}");
    let error = wrong("exclude", "excluded");
    assert!(error.contains("unknown key `excluded`"), "{error}");
    let error = wrong("hash_key = { ssm = \"/cwl2le/hash-key\" }", "");
    assert!(error.contains("`shape.redact[0].as`: this needs `hash_key`"), "{error}");
}

#[test]
fn every_rule_of_a_route_is_refused_with_its_place_where_it_cannot_be() {
    // The rule, the place and what is said of it.
    let mistakes = [
        (
            r#"include = [{ message = "(" }]"#,
            "9:24",
            "`shape.include[0].message`: `(` is no valid expression",
        ),
        (r#"include = [{ group = "[" }]"#, "9:22", "`shape.include[0].group`: `[` is no valid expression"),
        (
            r#"exclude = [{ message = "a" }, { stream = "*" }]"#,
            "9:42",
            "`shape.exclude[1].stream`: `*` is no valid",
        ),
        (
            r#"exclude = [{ message = "(?=a)" }]"#,
            "9:24",
            "`shape.exclude[0].message`: `(?=a)` is no valid expression",
        ),
        (r#"exclude = [{ message = "\\w{1000}{1000}" }]"#, "9:24", "`shape.exclude[0].message`: "),
        (r#"exclude = [{}]"#, "9:12", "`shape.exclude[0]`: give `message`, `group`, `stream` or `rule`"),
        (r#"exclude = [{ rule = "lambda-platfrom" }]"#, "9:21", "`lambda-platfrom` is not known for"),
        (r#"exclude = [{ mesage = "a" }]"#, "9:14", "unknown key `mesage`"),
        (r#"exclude = "a""#, "9:11", "`routes[0].shape.exclude`: "),
        (r#"sample = { rate = 1.0 }"#, "9:19", "a rate is above 0 and below 1"),
        (r#"sample = { rate = 0.0 }"#, "9:19", "a rate is above 0 and below 1"),
        (r#"sample = { field = "a" }"#, "9:10", "`rate` is missing"),
        (
            r#"sample = { rate = 0.5, field = "" }"#,
            "9:32",
            "`shape.sample.field`: give the name of a JSON field",
        ),
        (r#"redact = [{ find = ["emial"] }]"#, "9:21", "`emial` is not known for"),
        (r#"redact = [{ find = ["email"], as = "hide" }]"#, "9:36", "`hide` is not known for"),
        (
            r#"redact = [{ find = ["email"], as = "hash" }]"#,
            "9:36",
            "`shape.redact[0].as`: this needs `hash_key`",
        ),
        (r#"redact = [{ as = "drop" }]"#, "9:11", "`shape.redact[0]`: give `find` or `pattern`"),
        (
            r#"redact = [{ find = ["email"], pattern = "a" }]"#,
            "9:11",
            "`shape.redact[0]`: give `find` or `pattern`, not both",
        ),
        (
            r#"redact = [{ find = ["email"], name = "a" }]"#,
            "9:38",
            "`shape.redact[0].name`: a name belongs to a `pattern`",
        ),
        (
            r#"redact = [{ pattern = "a", name = "a b" }]"#,
            "9:35",
            "`shape.redact[0].name`: a name is 1 to 32",
        ),
        (r#"redact = [{ pattern = "(" }]"#, "9:23", "`shape.redact[0].pattern`: `(` is no valid expression"),
        (
            r#"fields = { set = { "a b" = "x" } }"#,
            "9:10",
            "`shape.fields`: lines of `default` show no labels",
        ),
        ("format = \"json\"\nfields = { set = { \"a b\" = \"x\" } }", "10:10", "`a b` is no name of a label"),
        (
            "format = \"json\"\nfields = { group = \"(\" }",
            "10:20",
            "`shape.fields.group`: `(` is no valid expression",
        ),
        ("format = \"json\"\nfields = { group = \"a\" }", "10:20", "`shape.fields.group`: it names nothing"),
        (r#"format = "xml""#, "9:10", "`xml` is not known for `routes[0].shape.format`"),
        (r#"drop = true"#, "9:1", "unknown key `drop`"),
    ];
    for (rule, place, says) in mistakes {
        let text = format!(
            "[destinations.default]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {{ ssm = \"/t\" }}\n\
             [[routes]]\nlog_group = \"*\"\ndestination = \"default\"\n[routes.shape]\n{rule}\n"
        );
        let error = parse(&text).expect_err(rule);
        assert_eq!(error.code, Code::Config, "{rule}");
        assert!(error.message.starts_with(&format!("cwl2le.toml:{place}: ")), "{rule}: {error}");
        assert!(error.message.contains(says) && error.hint.is_some(), "{rule}: {error:?}");
    }
    let unknown = SHAPED.replace("type = \"logentries\"", "type = \"logentrys\"");
    let error = parse(&unknown).expect_err("a type that is none");
    assert!(error.message.starts_with("cwl2le.toml:4:8: `logentrys` is not known for"), "{error}");
}
