//! Files: what is read, what is refused and how that is said.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Parser;
use cwl2le_forwarder::config::{Config, Destination, Metrics};
use cwl2le_forwarder::secret::Secret;
use cwl2le_forwarder::secret::reference::{Keeper, Reference};
use proptest::prelude::*;
use serde_json::json;

use super::describe_tests::account;
use super::*;
use crate::aws::Options;
use crate::cli::Cli;
use crate::commands::Command;
use crate::error::Result;
use crate::resources::{Observed, ObservedGroup, Stack, StreamMode};
use crate::stack::{RoleScope, StackName, Target};

pub(super) const TOKEN: &str = "01234567-89ab-cdef-0123-456789abcdef";

pub(super) fn parse(text: &str) -> Result<File> {
    File::parse(Path::new("cwl2le.toml"), text.to_owned())
}

pub(super) fn target() -> Target {
    Target { account: "123456789012".to_owned(), region: "eu-west-1".parse().expect("a region") }
}

/// The flags of a `setup`.
pub(super) fn flags(args: &[&str]) -> Wanted {
    let args = ["cwl2le", "setup"].iter().chain(args);
    match Cli::try_parse_from(args).expect("flags").command {
        Command::Setup(setup) => setup.wanted,
        _ => panic!("no setup"),
    }
}

pub(super) fn stack(flag: &[&str], text: &str, observed: &Observed) -> Result<Stack> {
    let file = parse(text)?;
    wanted_stack(&flags(flag), Some(&file), &StackName::default(), &target(), RoleScope::Plain, observed)
}

/// What a person sees of an error, but for colours. Secrets that other tests have are not taken out of it.
pub(super) fn shown(error: &crate::error::Error) -> String {
    let hint = error.hint.iter().map(|hint| format!("hint: {hint}\n"));
    let more = error.more.as_deref();
    let snippet = more.and_then(|file| file.snippet.as_ref()).map(|snippet| format!("{snippet}\n"));
    let also = more.iter().flat_map(|file| &file.also).map(|error| format!("\n{}", shown(error)));
    let parts: String = snippet.into_iter().chain(hint).chain(also).collect();
    format!("error: {}\n{parts}", error.message)
}

/// One error of every kind, and of none that only another one causes.
#[test]
fn everything_that_is_wrong_is_said_in_one_run() {
    let text = format!(
        "default_destination = \"nobody\"\n\
         [stream]\nshards = 0\nretention = 48\n\
         [function]\narch = \"arm\"\nquarantine = \"bucket\"\nlog_retention_days = 2\n\
         [trigger]\nbatch_window = \"1 s\"\non_failure = \"arn:aws:s3:::Expired\"\n\
         [destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = \"{TOKEN}\"\n\
         [destinations.audit]\ntype = \"http\"\nurl = \"https://h\"\ngzip = 1\n\
         [destinations.old]\ntype = \"logentries\"\nregion = \"eu\"\n\
         [[routes]]\nlog_group = \"/a/*\"\ndestination = [\"audit\", \"ap\"]\n\
         [[routes]]\nlog_group = \"/b/[\"\ndestination = \"old\"\n\
         shape = {{ redact = [{{ pattern = \"(\" }}] }}\n\
         [[subscriptions]]\nmatch = [\"/a/[\", \"/b/*\"]\n\
         [[subscriptions]]\nfilter_pattern = \"ERROR\"\ndestination = \"adit\"\n"
    );
    let error = parse(&text).expect_err("refused");
    let shown = shown(&error);
    assert!(!shown.contains(TOKEN));
    insta::assert_snapshot!(shown);
    // A script gets each of them, too.
    let json = serde_json::to_value(&error).expect("JSON");
    assert_eq!(json["also"].as_array().map(Vec::len), Some(shown.matches("error: ").count() - 1));
    // And a person sees them one below the other.
    let mut stderr = Vec::new();
    let printer = crate::output::Printer::plain(crate::output::OutputFormat::Text);
    printer.error(&mut Vec::new(), &mut stderr, &error).expect("written");
    let printed = String::from_utf8(stderr).expect("text");
    assert_eq!(printed.matches("error: ").count(), shown.matches("error: ").count());
}

#[test]
fn nothing_is_shown_of_a_text_that_is_not_toml() {
    let text = format!(
        "[stream\nshards = 1\n[destinations.a]\ntoken = \"{TOKEN}\nheaders = {{ Authorization = \"Bearer s3cret\n"
    );
    let shown = shown(&parse(&text).expect_err("refused"));
    assert!(!shown.contains(TOKEN) && !shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("cwl2le.toml:1:8"), "{shown}");
    // What the parser marks may be in the token.
    parse(&format!("[a]\n{TOKEN}\n")).expect_err("refused");
}

/// Whatever is wrong with a line, what may be a secret on it is not shown.
#[test]
fn no_value_that_may_be_a_secret_is_shown() {
    let secret = "hJ7kQz9-wR2";
    let of_destination = |line: &str| format!("[destinations.app]\ntype = \"loggly\"\n{line}\n");
    let files = [
        of_destination(&format!("tokn = \"{secret}\"")),
        of_destination(&format!("token = [\"{secret}\"]")),
        of_destination(&format!("token = {{ value = \"{secret}\" }}")),
        of_destination(&format!("token = \"\\u0068J7kQz9-wR2\"\nbogus = \"{secret}\"")),
        of_destination(&format!("headers = \"Authorization: {secret}\"")),
        of_destination(&format!("bogus = 1 # {secret}")),
        format!("[destinations.app] # {secret}\ntype = \"loggly\"\n"),
        format!("destinations.app = {{ type = \"loggly\", token = \"{secret}\", bogus = 1 }}\n"),
        format!(
            "big = 99999999999999999999999\n{}",
            of_destination(&format!("token = \"{secret}\"\nbogus = 1"))
        ),
        format!(
            "[stream]\nshards = 99999999999999999999\n{}",
            of_destination(&format!("tokn = \"{secret}\""))
        ),
        format!("hash_key = [\"{secret}\"]\n"),
        format!("hash_key = {{ foo = \"{secret}\" }}\n"),
        format!("token = \"{secret}\"\n"),
        format!("[[subscriptions]]\ntoken = \"{secret}\"\n"),
        format!("[[routes]]\nlog_group = \"/a\"\ndestination = \"app\"\nhash_key = \"{secret}\"\n"),
        format!("tags = [\n  \"{secret}\",\n]\n"),
        of_destination(&format!("token {secret}")),
        of_destination(&format!("token: {secret}")),
        of_destination(&format!("bogus = \"\"\"\nx {secret} \"\" \\q\"\"\"")),
        format!("{secret}\n"),
    ];
    for file in files {
        let shown = shown(&parse(&file).expect_err("refused"));
        assert!(!shown.contains(secret) && !shown.contains("J7kQz9"), "{file}\n{shown}");
    }
}

#[test]
fn a_file_with_very_many_mistakes_has_a_short_report() {
    let keys: String = (0..3000).map(|key| format!("x{key} = 1\n")).collect();
    let shown = shown(&parse(&keys).expect_err("refused"));
    assert_eq!(shown.matches("unknown key").count(), 20);
    assert!(shown.contains("2980 more mistakes are not shown"), "{shown}");
}

#[test]
fn a_negative_number_of_bytes_is_refused() {
    let text = REFERENCES.replace("tls = false", "tls = false\nformat = \"json\"\nmax_line_bytes = -1");
    let error = parse(&text).expect_err("refused");
    assert!(error.message.contains("max_line_bytes`: -1 is below 1024"), "{}", error.message);
}

#[test]
fn ten_typical_mistakes() {
    let destination =
        format!("[destinations.default]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = \"{TOKEN}\"\n");
    let mistakes = [
        ("a slip of the fingers", "stack = \"blue\"\n\n[function]\n  memroy = 512\n".to_owned()),
        ("a key in the wrong section", "memory = 512\n".to_owned()),
        ("a key that nobody knows", "[stream]\ncolour = \"red\"\n".to_owned()),
        ("out of range", "[trigger]\nbatch_size = 20000\n".to_owned()),
        ("of another type", "[function]\nmemory = \"512 MB\"\n".to_owned()),
        ("not TOML", "[stream\nshards = 1\n".to_owned()),
        ("a token that is none", destination.replace(TOKEN, "secret")),
        (
            "a token in two places",
            destination.replace(&format!("\"{TOKEN}\""), "{ env = \"A\", ssm = \"/b\" }"),
        ),
        (
            "a route to nowhere",
            format!("{destination}\n[[routes]]\nlog_group = \"/a/*\"\ndestination = \"audit\"\n"),
        ),
        ("neither region nor endpoint", destination.replace("region = \"eu\"\n", "")),
        ("a type that is nearly one", destination.replace("\"logentries\"", "\"logentrys\"")),
        ("a type that nobody knows", destination.replace("\"logentries\"", "\"pigeon\"")),
        ("no type", destination.replace("type = \"logentries\"\n", "")),
        ("a slip in a key of a type", format!("{destination}max_lines_byte = 2000\n")),
        ("a key of another type", format!("{destination}headers = {{ X-Team = \"a\" }}\n")),
        ("a key of a type that is missing", destination.replace(&format!("token = \"{TOKEN}\"\n"), "")),
        ("a value of another type", format!("{destination}tls = \"no\"\n")),
        ("a secret in an unknown place", destination.replace(&format!("\"{TOKEN}\""), "{ envv = \"A\" }")),
        (
            "a header that is none",
            "[destinations.a]\ntype = \"http\"\nurl = \"https://h/\"\nheaders = { \"X Team\" = \"a\" }\n"
                .to_owned(),
        ),
        (
            "a password in a URL",
            "[destinations.a]\ntype = \"http\"\nurl = \"https://me:secret@h/\"\n".to_owned(),
        ),
        (
            "lines of what sends none",
            "[destinations.a]\ntype = \"otlp\"\nendpoint = \"https://h\"\nformat = \"json\"\n".to_owned(),
        ),
        (
            "a subscription of nothing",
            format!("{destination}\n[[subscriptions]]\nfilter_pattern = \"ERROR\"\n"),
        ),
        ("a glob that is none", format!("{destination}\n[[subscriptions]]\nmatch = [\"/app/[a\"]\n")),
        (
            "a route whose glob is none",
            format!(
                "{destination}\n[[routes]]\nlog_group = \"/aws/{{lambda,ecs/*\"\ndestination = \"default\"\n"
            ),
        ),
        ("all by tag", "[[subscriptions]]\nall = true\ntags = { team = \"a\" }\n".to_owned()),
        ("all and some", "[[subscriptions]]\nall = true\nmatch = [\"/app/*\"]\n".to_owned()),
        ("all twice", "[[subscriptions]]\nall = true\n[[subscriptions]]\nall = true\n".to_owned()),
        ("each of some", "[[subscriptions]]\nmatch = [\"/app/*\"]\nper_group = true\n".to_owned()),
        ("two ways to pay", "[stream]\nshards = 2\non_demand = true\n".to_owned()),
    ];
    let mut said = String::new();
    for (mistake, text) in mistakes {
        let error = parse(&text).expect_err(mistake);
        assert_eq!(error.code, crate::error::Code::Config);
        assert!(error.hint.is_some());
        said += &format!("# {mistake}\n{}\n", shown(&error));
    }
    assert!(!said.contains(TOKEN));
    insta::assert_snapshot!(said);
}

#[test]
fn a_token_in_the_wrong_place_is_not_repeated() {
    for text in [
        format!("\"{TOKEN}\" = 1"),
        format!("stack = \"{TOKEN}\""),
        format!("[destinations.default]\ntype = \"{TOKEN}\""),
        format!("[function]\nmemory = \"{TOKEN}\""),
        format!("token = \"{TOKEN}"),
    ] {
        let error = parse(&text).expect_err("refused");
        assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
    }
    let inline = format!("[destinations.a]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = \"{TOKEN}\"");
    let file = parse(&inline).expect("a file");
    let warning = file.warnings().concat();
    assert!(warning.starts_with("cwl2le.toml:4:9: warning") && !warning.contains(TOKEN), "{warning}");
    assert!(!format!("{:?}", file.contents).contains(TOKEN));
}

#[test]
fn the_template_is_read_as_it_is_and_with_every_setting_in_use() {
    let template = template();
    parse(&template).expect("the template");
    // What stands behind a single # is a setting; some exclude others.
    let setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line != "#";
    let uncommented: Vec<&str> = template
        .lines()
        .filter(|line| {
            let either = ["#on_demand", "#email", "#organization", "#to_destination"];
            !either.iter().any(|key| line.starts_with(key))
        })
        .map(|line| if setting(line) { line.strip_prefix('#').unwrap_or(line) } else { line })
        .collect();
    let file = parse(&uncommented.join("\n")).expect("every setting");
    assert_eq!(file.contents.subscriptions.map(|all| all.len()), Some(1));
}

#[test]
fn the_template_says_the_defaults() {
    let text: Vec<String> = template()
        .lines()
        .take_while(|line| !line.starts_with("[destinations"))
        .filter(|line| {
            !line.contains("on_demand") && !line.contains("reserved") && !line.contains("boundary")
        })
        .filter(|line| {
            let either = ["#email", "#organization", "#to_destination"];
            !either.iter().any(|key| line.starts_with(key))
        })
        .filter(|line| {
            !line.contains("default_destination") && !line.contains("team") && !line.starts_with("#region")
        })
        .map(|line| if line.starts_with("# ") { line.to_owned() } else { line.replace('#', "") })
        .collect();
    let with = stack(&[], &text.join("\n"), &Observed::default()).expect("a stack");
    let without = stack(&[], "", &Observed::default()).expect("a stack");
    assert_eq!(with.stream.mode.value, without.stream.mode.value);
    assert!(with.stream.mode.explicit && !without.stream.mode.explicit);
    assert_eq!(with.stream.retention_hours.value, without.stream.retention_hours.value);
    assert_eq!(with.function.memory_mb.value, without.function.memory_mb.value);
    assert_eq!(with.function.timeout_seconds.value, without.function.timeout_seconds.value);
    assert_eq!(with.log_group.retention_days.value, without.log_group.retention_days.value);
    assert_eq!(with.trigger.batch_size.value, without.trigger.batch_size.value);
    assert_eq!(with.trigger.window_seconds.value, without.trigger.window_seconds.value);
    assert_eq!(with.trigger.parallelization.value, without.trigger.parallelization.value);
    assert_eq!(with.function_role, without.function_role);
}

#[test]
fn the_examples_of_the_guides_are_read() {
    let guides = [
        include_str!("../../docs/configuration.md"),
        include_str!("../../docs/shaping.md"),
        include_str!("../../docs/destinations.md"),
        include_str!("../../docs/log-groups.md"),
        include_str!("../../docs/members.md"),
    ];
    for guide in guides {
        assert!(guide.contains("```toml\n"));
    }
    let examples = guides.iter().flat_map(|guide| guide.split("```toml\n").skip(1));
    for example in examples.filter_map(|rest| rest.split("```").next()) {
        parse(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
    }
}

#[test]
fn flags_win_over_the_file() {
    let text = "[stream]\non_demand = true\nretention_hours = 48\n[function]\nmemory = 512\n[tags]\nteam = \"a\"\nenv = \"b\"\n";
    let by_file = stack(&[], text, &Observed::default()).expect("a stack");
    assert_eq!(by_file.stream.mode, crate::stack::Setting::asked(StreamMode::OnDemand));
    assert_eq!(by_file.function.memory_mb, crate::stack::Setting::asked(512));
    let flags = ["--shards", "3", "--memory", "1024", "--tag", "team=x"];
    let both = stack(&flags, text, &Observed::default()).expect("a stack");
    assert_eq!(both.stream.mode.value, StreamMode::Provisioned { shards: 3 });
    assert_eq!((both.function.memory_mb.value, both.stream.retention_hours.value), (1024, 48));
    assert_eq!((both.tags["team"].as_str(), both.tags["env"].as_str()), ("x", "b"));
}

#[test]
fn flags_and_environment_win_for_region_and_profile() {
    let file = parse("region = \"eu-west-1\"\nprofile = \"work\"").expect("a file");
    let fill = |options: Options, env: &[(&str, &str)]| {
        let mut options = options;
        let env: BTreeMap<&str, &str> = env.iter().copied().collect();
        fill_options(&mut options, &file, |name| env.get(name).map(|value| (*value).to_owned()));
        (options.region, options.profile)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(fill(Options::default(), &[]), (some("eu-west-1"), some("work")));
    assert_eq!(fill(Options::default(), &[("AWS_REGION", "x"), ("AWS_PROFILE", "y")]), (None, None));
    assert_eq!(
        fill(Options::default(), &[("AWS_REGION", ""), ("AWS_ACCESS_KEY_ID", "k")]),
        (some("eu-west-1"), None)
    );
    let flags = Options { region: some("us-east-1"), profile: some("flag"), ..Options::default() };
    assert_eq!(fill(flags, &[]), (some("us-east-1"), some("flag")));
}

const REFERENCES: &str = r#"
[destinations.app]
type = "logentries"
region = "eu"
token = { ssm = "/cwl2le/app", kms_key = "arn:aws:kms:eu-west-1:123456789012:key/k" }
[destinations.audit]
type = "logentries"
endpoint = "collector.example:10000"
tls = false
token = { secretsmanager = "audit" }
[[routes]]
log_group = "/audit/*"
destination = ["audit", "app"]
"#;

#[test]
fn references_are_handed_on_and_the_role_may_read_exactly_them() {
    let stack = stack(&[], REFERENCES, &Observed::default()).expect("a stack");
    let config = stack.function.config.as_ref().expect("a configuration");
    assert_eq!(
        config.routes.iter().map(|route| route.destination.to_string()).collect::<Vec<_>>(),
        ["audit, app"]
    );
    let Destination::Logentries(app) = &config.destinations["app"] else { panic!("{config:?}") };
    assert_eq!(
        app.token,
        Secret::Kept(Reference { keeper: Keeper::Ssm, name: "/cwl2le/app".to_owned(), key: None })
    );
    let statements = stack.function_role.policy["Statement"].as_array().expect("statements").clone();
    insta::assert_snapshot!(serde_json::to_string_pretty(&statements[3..]).expect("JSON"));

    // Without the file the next setup keeps what the function has, and the key that only the policy knows.
    let (account, _) = account(&stack);
    let again = wanted_stack(&flags(&[]), None, &StackName::default(), &target(), RoleScope::Plain, &account);
    assert_eq!(again.expect("a stack").function_role.policy, stack.function_role.policy);
}

#[test]
fn routes_that_are_kept_elsewhere_are_granted_and_described() {
    let text = "routes_from = { secretsmanager = \"routes#le\", kms_key = \"arn:aws:kms:eu-west-1:123456789012:key/k\" }\n\
                [destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = { ssm = \"/app:3\" }\n";
    let with = stack(&[], text, &Observed::default()).expect("a stack");
    let policy = with.function_role.policy.to_string();
    for granted in ["secret:routes-??????", "parameter/app\"", "key/k"] {
        assert!(policy.contains(granted), "{granted}: {policy}");
    }
    let (observed, _) = account(&with);
    let (described, _) =
        describe(&bare_stack(&StackName::default(), &target(), RoleScope::Plain, &observed), &observed);
    let again = stack(&[], &described, &observed).expect("a stack");
    assert_eq!(again.function.config, with.function.config, "{described}");
    assert_eq!(again.function_role.policy, with.function_role.policy, "{described}");

    let both = format!("{text}[[routes]]\nlog_group = \"/x\"\ndestination = \"app\"\n");
    let error = parse(&both).expect_err("refused");
    assert!(
        error.message.starts_with("cwl2le.toml:1:15: routes are either here or kept elsewhere"),
        "{error}"
    );
    let error = parse(&text.replace("routes#le", "#le")).expect_err("refused");
    assert!(error.message.contains("`secretsmanager` needs the name"), "{error}");
}

#[test]
fn a_token_by_reference_can_be_given_by_flag() {
    for (flag, name, json) in [
        ("--token-ssm", "/cwl2le/token", r#"{"ssm":"/cwl2le/token"}"#),
        ("--token-secret", "le#token", r#"{"secretsmanager":"le#token"}"#),
    ] {
        let stack = stack(&[flag, name], "", &Observed::default()).expect("a stack");
        let config = stack.function.config.expect("a configuration");
        assert!(config.to_json().contains(json), "{}", config.to_json());
        assert!(stack.function_role.policy.to_string().contains("cwl2le/token") || flag == "--token-secret");
    }
    let error = stack(&["--token-ssm", "#key"], "", &Observed::default()).expect_err("refused");
    assert!(error.message.contains("needs the name or ARN"), "{error}");
}

#[test]
fn a_token_of_the_environment_adds_no_destination_to_those_of_the_file() {
    let one = |name: &str| {
        format!(
            "[destinations.{name}]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {{ ssm = \"/{name}\" }}\n"
        )
    };
    let names = |text: &str| -> Vec<String> {
        let mut flags = flags(&[]);
        flags.destination.token_variable = Some(TOKEN.to_owned());
        let (file, observed) = (parse(text).expect("a file"), Observed::default());
        let stack =
            wanted_stack(&flags, Some(&file), &StackName::default(), &target(), RoleScope::Plain, &observed);
        stack.expect("a stack").function.config.expect("a configuration").destinations.into_keys().collect()
    };
    assert_eq!(names(&(one("a") + &one("b"))), ["a", "b"]);
    assert_eq!(names(&one("a")), ["a"]);
    assert_eq!(names(""), ["default"]);
}

#[test]
fn a_token_by_flag_is_refused_where_no_destination_is_the_default() {
    let one = |name: &str| {
        format!(
            "[destinations.{name}]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {{ ssm = \"/{name}\" }}\n"
        )
    };
    let set = |text: &str| stack(&["--token-ssm", "/t"], text, &Observed::default());
    let two = one("a") + &one("b");
    let error = set(&two).expect_err("whose?");
    assert!(
        error.code == crate::error::Code::Usage && error.message.ends_with("is the default: a, b"),
        "{error}"
    );
    set(&one("a")).expect("the only one");
    set(&format!("default_destination = \"b\"\n{two}")).expect("the default one");
}

#[test]
fn a_token_that_is_not_there_is_named_with_its_place() {
    let text =
        "[destinations.a]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = { env = \"CWL2LE_TEST_UNSET\" }\n";
    let error = stack(&[], text, &Observed::default()).expect_err("refused");
    assert_eq!(
        error.message,
        "cwl2le.toml:4:9: the environment variable CWL2LE_TEST_UNSET is not set (`token` of destination `a`)"
    );
    // A flag takes its place.
    let stack = stack(&["--token", TOKEN], text, &Observed::default()).expect("a stack");
    let config = stack.function.config.expect("a configuration");
    let Destination::Logentries(a) = &config.destinations["a"] else { panic!("{config:?}") };
    assert_eq!(a.token, Secret::Inline(TOKEN.parse().expect("a token")));
}

fn group(name: &str, class: &str) -> (String, ObservedGroup) {
    (name.to_owned(), ObservedGroup { class: class.to_owned(), filters: Vec::new() })
}

#[test]
fn subscriptions_choose_and_say_what_they_leave() {
    let text = r#"
[destinations.app]
type = "logentries"
region = "eu"
token = { ssm = "/a" }
[[subscriptions]]
log_groups = ["/named"]
filter_pattern = "ERROR"
[[subscriptions]]
match = ["/*"]
exclude = ["/quiet", "/nothing/*"]
distribution = "random"
[[subscriptions]]
match = ["/aws/*"]
destination = "app"
"#;
    let file = parse(text).expect("a file");
    let stack = stack(&[], text, &Observed::default()).expect("a stack");
    let groups = [
        group("/named", "STANDARD"),
        group("/quiet", "STANDARD"),
        group("/rare", "INFREQUENT_ACCESS"),
        group("/aws/lambda/app", "STANDARD"),
        group("/aws/lambda/cwl-to-logentries", "STANDARD"),
    ];
    let observed = Observed { groups: groups.into(), ..Observed::default() };
    let chosen = subscriptions::choose(&file, &stack, &observed, &BTreeMap::new()).expect("chosen");
    let filters: Vec<String> = chosen
        .wanted
        .filters
        .iter()
        .map(|f| format!("{} {} {:?} {}", f.log_group, f.name, f.pattern.value, f.distribution.value))
        .collect();
    let said = format!("{}\n\n{}", filters.join("\n"), chosen.notes.join("\n"));
    insta::assert_snapshot!(said);
}

#[test]
fn all_is_one_account_policy_or_a_filter_each() {
    let stack = stack(&[], "", &Observed::default()).expect("a stack");
    let observed = Observed {
        groups: [group("/app/a", "STANDARD"), group("/app/noisy", "STANDARD")].into(),
        ..Observed::default()
    };
    let choose = |text: &str| {
        let file = parse(text).expect("a file");
        subscriptions::choose(&file, &stack, &observed, &BTreeMap::new()).expect("chosen")
    };
    let all = "[[subscriptions]]\nlog_groups = [\"/app/a\"]\n[[subscriptions]]\nall = true\n\
               exclude = [\"*noisy\", \"/to/come\"]\nfilter_pattern = \"ERROR\"\n";
    let chosen = choose(all);
    assert_eq!(chosen.wanted.filters.len(), 1);
    let policy = chosen.wanted.account_policy.expect("an account policy");
    assert_eq!((policy.name.as_str(), policy.pattern.value.as_str()), ("cloudwatchLogsFilter", "ERROR"));
    assert_eq!(policy.excluded.into_iter().collect::<Vec<_>>(), ["/app/noisy", "/to/come"]);
    assert!(chosen.notes[0].starts_with("cwl2le.toml:3:1: an account policy leaves"), "{:?}", chosen.notes);

    // A second section that means the same log group with the same pattern takes nothing away, with another it does.
    let twice = |pattern: &str| {
        let section = "[[subscriptions]]\nmatch = [\"/app/*\"]\n";
        choose(&format!("{section}filter_pattern = \"ERROR\"\n{section}filter_pattern = \"{pattern}\"\n"))
    };
    assert_eq!(twice("ERROR").notes, Vec::<String>::new());
    let notes = twice("WARN").notes;
    assert!(notes[0].starts_with("cwl2le.toml:4:1: an earlier section decides"), "{notes:?}");
    assert!(notes.len() == 1 && notes[0].contains("/app/a, /app/noisy"), "{notes:?}");
    // A section that selects nothing is known by its place.
    let empty =
        choose("[[subscriptions]]\nmatch = [\"/app/*\"]\n[[subscriptions]]\nmatch = [\"/apx/*\"]\n").empty;
    assert_eq!(empty, ["cwl2le.toml:3:1"]);

    let each = choose(&all.replace("all = true", "all = true\nper_group = true").replace("\"/to/come\"", ""));
    assert_eq!(each.wanted.account_policy, None);
    let names: Vec<&str> = each.wanted.filters.iter().map(|filter| filter.log_group.as_str()).collect();
    assert_eq!(names, ["/app/a"], "the first section that means it wins");
}

#[test]
fn a_configuration_of_json_and_of_toml_is_the_same() {
    let stack = stack(&[], REFERENCES, &Observed::default()).expect("a stack");
    let json = json!({
        "destinations": {
            "app": {"type": "logentries", "region": "eu", "token": {"ssm": "/cwl2le/app"}},
            "audit": {"type": "logentries", "endpoint": "collector.example:10000", "tls": false, "token": {"secretsmanager": "audit"}},
        },
        "routes": [{"log_group": "/audit/*", "destination": ["audit", "app"]}],
    });
    assert_eq!(stack.function.config, Config::from_json(&json.to_string()).ok());
}

#[test]
fn the_lines_and_metrics_of_the_file_are_handed_on() {
    let text = REFERENCES.replace("tls = false", "tls = false\nformat = \"json\"\nmax_line_bytes = 2048");
    let stack_is =
        stack(&[], &format!("[function]\nmetrics = \"log\"\n{text}"), &Observed::default()).expect("a stack");
    let config = stack_is.function.config.as_ref().expect("a configuration");
    assert_eq!(config.metrics, Metrics::Log);
    assert_eq!(config.lines.keys().collect::<Vec<_>>(), ["audit"]);
    // They are described again, and taken away again where the file no longer has them.
    let (observed, _) = account(&stack_is);
    let bare = bare_stack(&StackName::default(), &target(), RoleScope::Plain, &observed);
    let (described, _) = describe(&bare, &observed);
    let again = stack(&[], &described, &observed).expect("a stack");
    assert_eq!(again.function.config.as_ref(), Some(config), "{described}");
    let without = stack(&[], REFERENCES, &observed).expect("a stack");
    assert!(without.function.config.expect("a configuration").lines.is_empty());
    let error = parse(&text.replace("2048", "12")).expect_err("refused");
    assert!(error.message.starts_with("cwl2le.toml:6:1: `max_line_bytes` is 1024"), "{}", error.message);
}

#[test]
fn a_destination_that_nobody_has_is_refused_where_it_stands() {
    let with = stack(&[], REFERENCES, &Observed::default()).expect("a stack");
    let (observed, _) = account(&with);
    // The file has no destinations; the function has `app` and `audit`.
    let text = "[[subscriptions]]\nall = true\ndestination = \"adit\"\n";
    let file = parse(text).expect("a file");
    let stack = stack(&[], text, &observed).expect("a stack");
    let error = subscriptions::choose(&file, &stack, &observed, &BTreeMap::new()).expect_err("refused");
    assert_eq!(error.message, "cwl2le.toml:3:15: stack `default` has no destination `adit`");
}

proptest! {
    /// No text makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z_\\[\\]={}\"\n 0-9.#]{0,60}") {
        let _ = parse(&text);
    }
}

#[test]
fn an_outline_of_a_stack_that_aws_would_refuse_is_refused() {
    let outlined = |args: &[&str]| {
        let (name, none) = (StackName::default(), Observed::default());
        outlined_stack(&flags(args), None, &name, &target(), RoleScope::Plain, &none).map(drop)
    };
    outlined(&["--on-failure", "arn:aws:s3:::expired"]).expect("a stack");
    for args in [
        ["--on-failure", "arn:aws-cn:s3:::expired"],
        ["--kms-key", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
        ["--permissions-boundary", "arn:aws:iam::999999999999:policy/b"],
    ] {
        assert_eq!(outlined(&args).expect_err("refused").code, crate::error::Code::Usage, "{args:?}");
    }
}
