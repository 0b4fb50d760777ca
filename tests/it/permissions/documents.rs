//! The rendered IAM documents, as a person reviews them.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

/// Maximum size of a managed policy in characters, white space not counted: IAM's quota.
const MANAGED_POLICY: usize = 6144;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/cwl2le-boundary";

/// A stack with everything that a role can be granted.
const FILE: &str = r#"
stack = "blue"
[stream]
kms_key = "KEY"
[function]
quarantine = "s3://quarantine/records"
[trigger]
on_failure = "arn:aws:s3:::expired"
[roles]
path = "/service/"
permissions_boundary = "BOUNDARY"
[destinations.default]
type = "logentries"
region = "eu"
token = { ssm = "/logs/token", kms_key = "KEY" }
[destinations.audit]
type = "logentries"
region = "eu"
token = { secretsmanager = "audit" }
isolated = true
[destinations.plain]
type = "logentries"
region = "eu"
token = { env = "NOT_SET_ANYWHERE" }
[[subscriptions]]
all = true
"#;

/// `cwl2le policies ARGS` of a region, without any credentials: what it prints and what it says.
fn policies(region: &str, args: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cwl2le"));
    command.env_clear().current_dir(&folder).args([
        "policies",
        "--account",
        "123456789012",
        "--region",
        region,
    ]);
    let output = command.args(args).output().expect("cwl2le runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(!stdout.contains("{{"), "a placeholder is left: {stdout}");
    keep(args, &stdout);
    (stdout, stderr)
}

/// Writes the documents down for `checks/`, if the environment asks for that. One comes without its name.
fn keep(args: &[&str], documents: &str) {
    let Some(folder) = std::env::var_os("CWL2LE_REQUESTS").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut file =
        tempfile::Builder::new().prefix("printed-").suffix(".policies").tempfile_in(folder).expect("a file");
    let name = if documents.starts_with('#') { String::new() } else { format!("# {}\n", args.join(" ")) };
    write!(file, "{name}{documents}").expect("written");
    file.keep().expect("kept");
}

/// The same with [`FILE`].
fn of_file(args: &[&str]) -> (String, String) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), FILE.replace("KEY", KEY).replace("BOUNDARY", BOUNDARY)).expect("written");
    policies("eu-west-1", &[&["--config", file.path().to_str().expect("a path")], args].concat())
}

#[test]
fn the_default_stack() {
    insta::assert_snapshot!(policies("ap-northeast-1", &[]).0);
}

#[test]
fn a_stack_with_everything_a_file_can_ask_for() {
    insta::assert_snapshot!(of_file(&[]).0);
}

#[test]
fn flags_say_the_same_as_the_file() {
    let flags = [
        ["--stack", "blue"],
        ["--kms-key", KEY],
        ["--quarantine", "s3://quarantine/records"],
        ["--on-failure", "arn:aws:s3:::expired"],
        ["--role-path", "/service/"],
        ["--permissions-boundary", BOUNDARY],
    ];
    for document in ["logs", "operator", "everyday", "on-call"] {
        // A flag can give the token of one destination, and the file those of several.
        let secrets = ["--token-secret", "audit"];
        let flags = [&flags.concat()[..], &secrets, &["--all", document]].concat();
        let (by_flags, by_file) = (policies("eu-west-1", &flags).0, of_file(&[document]).0);
        let without_parameters = |text: &str| {
            let mut policy: Value = serde_json::from_str(text).expect("JSON");
            let statements = policy["Statement"].as_array_mut().expect("statements");
            let find = statements.iter_mut().find(|statement| statement["Sid"] == "Find");
            let actions = find.and_then(|find| find["Action"].as_array_mut());
            actions.into_iter().for_each(|all| all.retain(|action| action != "ssm:DescribeParameters"));
            policy
        };
        assert_eq!(without_parameters(&by_flags), without_parameters(&by_file), "{document}");
    }
}

#[test]
fn every_partition_has_its_own_arns() {
    for (region, partition) in [
        ("cn-north-1", "arn:aws-cn:"),
        ("us-gov-west-1", "arn:aws-us-gov:"),
        ("eusc-de-east-1", "arn:aws-eusc:"),
    ] {
        let report = policies(region, &["--all"]).0;
        assert!(report.contains(partition) && !report.contains("arn:aws:"), "{report}");
        // IAM's principals of both services are the same in every partition.
        assert!(report.contains("\"logs.amazonaws.com\"") && report.contains("\"lambda.amazonaws.com\""));
    }
}

#[test]
fn an_account_policy_is_allowed_where_the_stack_uses_one() {
    let writes = |args: &[&str]| policies("eu-west-1", args).0.contains("logs:PutAccountPolicy");
    for document in ["operator", "everyday"] {
        assert!(!writes(&[document]) && writes(&[document, "--all"]));
        assert!(of_file(&[document]).0.contains("logs:PutAccountPolicy"));
    }
}

#[test]
fn networks_are_read_and_connected_to_only_where_the_functions_are_in_one() {
    let network = ["--subnets", "subnet-00000001", "--security-groups", "sg-00000001"];
    for document in ["operator", "everyday", "on-call", "forwarder", "boundary"] {
        let without = policies("eu-west-1", &[document]).0;
        assert!(!without.contains("ec2:"), "{without}");
        let with = policies("eu-west-1", &[&[document], &network[..]].concat()).0;
        assert!(with.contains("ec2:DescribeSubnets"), "{with}");
        assert_eq!(with.contains("ec2:DescribeVpcs"), document == "operator", "{with}");
        // Lambda connects the function, and the function's code must not.
        let connects = ["forwarder", "boundary"].contains(&document);
        assert_eq!(
            with.matches("ec2:CreateNetworkInterface").count(),
            if connects { 2 } else { 0 },
            "{with}"
        );
        assert_eq!(with.contains("lambda:SourceFunctionArn"), connects, "{with}");
    }
}

#[test]
fn a_dashboard_is_changed_only_where_the_stack_has_one_and_read_everywhere() {
    let dashboard = "dashboard/cwl2le-default-eu-west-1";
    for document in ["operator", "everyday", "on-call"] {
        let without = policies("eu-west-1", &[document]).0;
        assert!(without.contains("cloudwatch:GetDashboard") && !without.contains(dashboard), "{without}");
        let with = policies("eu-west-1", &[document, "--dashboard", "true"]).0;
        assert!(with.contains("cloudwatch:ListTagsForResource") && with.contains(dashboard), "{with}");
        assert_eq!(with.contains("cloudwatch:PutDashboard"), document == "operator", "{with}");
    }
}

#[test]
fn an_operator_without_a_boundary_is_told_what_the_policy_is_worth() {
    let warning = "can become administrator of the account";
    for args in [&[][..], &["operator"]] {
        assert!(policies("eu-west-1", args).1.contains(warning));
        assert!(!of_file(args).1.contains(warning));
    }
    assert!(!policies("eu-west-1", &["everyday"]).1.contains(warning));
    let documentation = include_str!("../../../docs/permissions.md");
    let first = documentation.split("\n\n").nth(1).expect("a paragraph").replace('\n', " ");
    assert!(first.contains(warning), "{first}");
}

#[test]
fn a_role_is_changed_only_within_its_boundary() {
    let operator: Value = serde_json::from_str(&of_file(&["operator"]).0).expect("JSON");
    let statements = operator["Statement"].as_array().expect("statements");
    let changes = [
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
    ];
    let mut seen = Vec::new();
    for statement in statements {
        let actions = match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            one => vec![one.clone()],
        };
        for action in actions.iter().filter_map(Value::as_str) {
            if changes.contains(&action) {
                seen.push(action.to_owned());
                let bound = json!({ "StringEquals": { "iam:PermissionsBoundary": BOUNDARY } });
                assert_eq!(statement["Condition"], bound, "{action}");
            }
            assert!(!action.contains('*') && action != "iam:DeleteRolePermissionsBoundary", "{action}");
        }
    }
    seen.sort();
    assert_eq!(seen, changes);
}

#[test]
fn a_document_that_fits_into_no_managed_policy_is_said_to() {
    let size = |text: &str| serde_json::from_str::<Value>(text).expect("JSON").to_string().len();
    for document in ["operator", "everyday", "on-call", "boundary"] {
        let (text, said) = of_file(&[document]);
        assert!(size(&text) <= MANAGED_POLICY && !said.contains("characters"), "{document}: {}", size(&text));
    }
    let (stack, path) = ("x".repeat(24), format!("/{}/", "p".repeat(100)));
    let long =
        ["operator", "--all", "--stack", &stack, "--role-path", &path, "--permissions-boundary", BOUNDARY];
    let (text, said) = policies("ap-southeast-1", &long);
    let size = size(&text);
    assert!(size > MANAGED_POLICY, "{size}");
    assert!(said.contains(&format!("{size} characters")), "{said}");
}
