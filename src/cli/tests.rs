//! What flags take, by walking the tree of commands.

use clap::error::ErrorKind;
use clap::{Arg, Command as ClapCommand, CommandFactory, Parser};

use super::Cli;

/// The verbs with their flags, those of every command included.
fn verbs() -> Vec<ClapCommand> {
    let mut cli = Cli::command();
    cli.build();
    cli.get_subcommands().filter(|verb| verb.get_name() != "help").cloned().collect()
}

/// The flags of a verb that take a value of the user's own wording, which may begin with a hyphen.
fn worded(verb: &ClapCommand) -> Vec<Arg> {
    let is_worded = |flag: &&Arg| {
        let names = flag.get_value_names().unwrap_or_default();
        names.iter().any(|name| ["PATTERN", "GLOB", "KEY=VALUE", "NAME"].contains(&name.as_str()))
    };
    // Names of stacks and environments begin with a letter or digit, and a profile's name is not checked.
    let has_form = |flag: &Arg| ["stack", "env", "profile"].contains(&flag.get_id().as_str());
    verb.get_arguments().filter(is_worded).filter(|flag| !has_form(flag)).cloned().collect()
}

/// The arguments of a verb with this flag, and with what else it cannot do without.
fn line<'a>(verb: &'a ClapCommand, flag: &'a str, value: &'a str) -> Vec<&'a str> {
    let mut line = vec!["cwl2le", verb.get_name(), flag, value];
    let others = match verb.get_name() {
        "subscribe" | "unsubscribe" => ["--match", "*"],
        "preview" if flag != "--log-group" => ["--log-group", "/app"],
        "forward" => ["--input", "events"],
        "replay" => ["--from", "quarantine"],
        "export" => {
            line.push("terraform");
            return line;
        }
        "doctor" => {
            line.push("--pre");
            return line;
        }
        _ => return line,
    };
    // `--match` may be there already, and is repeatable.
    line.extend(others);
    line
}

#[test]
fn a_value_may_begin_with_a_hyphen() {
    let mut count = 0;
    for verb in verbs() {
        for flag in worded(&verb) {
            let long = format!("--{}", flag.get_long().expect("a name"));
            assert!(flag.is_allow_hyphen_values_set(), "{} {long}", verb.get_name());
            let is_pair =
                flag.get_value_names().is_some_and(|names| names.iter().any(|name| name == "KEY=VALUE"));
            for value in if is_pair { ["-DEBUG=x", "-9=", "--x=1"] } else { ["-DEBUG", "-9", "--x"] } {
                let parsed = Cli::try_parse_from(line(&verb, &long, value));
                assert!(
                    parsed.is_ok(),
                    "{} {long} {value}: {}",
                    verb.get_name(),
                    parsed.expect_err("refused")
                );
            }
            count += 1;
        }
    }
    assert!(count > 20, "only {count} flags were looked at");
}

#[test]
fn a_forgotten_value_does_not_swallow_the_next_flag() {
    for verb in verbs() {
        for flag in worded(&verb) {
            let long = format!("--{}", flag.get_long().expect("a name"));
            for next in ["--quiet", "-q", "--output=json", "--region", "--help", "-h", "--"] {
                let error = Cli::try_parse_from(line(&verb, &long, next)).expect_err("a value is missing");
                let said = error.to_string();
                assert!(
                    error.kind() == ErrorKind::InvalidValue
                        && said.contains(&long)
                        && said.contains(&format!("`{next}`")),
                    "{} {long} {next}: {said}",
                    verb.get_name()
                );
            }
        }
    }
}

#[test]
fn a_value_that_aws_refuses_is_refused_by_the_name_of_its_flag() {
    let long = "x".repeat(1025);
    for (verb, flag, value) in [
        ("setup", "--tag", "k!=v"),
        ("setup", "--tag", "k=v,w"),
        ("setup", "--tag", "aws:k=v"),
        ("setup", "--filter-name", "a:b"),
        ("setup", "--filter-name", ""),
        ("subscribe", "--filter-name", "a*b"),
        ("subscribe", "--replace", "a*b"),
        ("unsubscribe", "--filter-name", "a*b"),
        ("teardown", "--filter-name", "a*b"),
        ("subscribe", "--filter-pattern", &long),
        ("preview", "--filter-pattern", &long),
        ("setup", "--log-group", "/a b"),
        ("subscribe", "--log-group", "C:/Program Files/Git/aws/x"),
        ("unsubscribe", "--log-group", "arn:aws:s3:::bucket"),
        ("preview", "--log-group", ""),
        ("forward", "--log-group", "/ü"),
        ("subscribe", "--match", "C:/Program Files/Git/aws/*"),
        ("subscribe", "--exclude", "["),
        ("setup", "--role-path", "/a*b/"),
        ("setup", "--permissions-boundary", "boundary"),
        ("setup", "--kms-key", "alias/x"),
        ("setup", "--on-failure", "arn:aws:sqs:eu-west-1:123456789012:q.fifo"),
        ("setup", "--quarantine", "bucket"),
        ("policies", "--kms-key", "notakey"),
    ] {
        let verb = verbs().into_iter().find(|known| known.get_name() == verb).expect("a verb");
        let error = Cli::try_parse_from(line(&verb, flag, value)).expect_err(value);
        assert!(error.to_string().contains(&format!("for '{flag} <")), "{error}");
    }
}
