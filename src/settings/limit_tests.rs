//! Values that AWS refuses, in the file and in what several values come to.

use std::path::Path;

use super::tests::{TOKEN, flags, parse, stack, target};
use super::{File, wanted_stack};
use crate::error::Code;
use crate::resources::Observed;
use crate::stack::{RoleScope, StackName};

#[test]
fn a_value_of_the_file_that_aws_refuses_is_refused_where_it_stands() {
    let long = "x".repeat(1025);
    let pattern = format!("filter_pattern = \"{long}\"");
    let subscription = |line: &str| format!("[[subscriptions]]\n{line}");
    let destination =
        |token: &str| format!("[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {token}");
    for (text, said) in [
        ("[tags]\n\"k!\" = \"v\"".to_owned(), "iam:tagKeyType"),
        ("[tags]\nk = \"a,b\"".to_owned(), "iam:tagValueType"),
        ("[roles]\npath = \"/a*b/\"".to_owned(), "lambda:RoleArn"),
        ("[roles]\npermissions_boundary = \"boundary\"".to_owned(), "managed policy"),
        ("[stream]\nkms_key = \"notakey\"".to_owned(), "describe-key"),
        ("[function]\nquarantine = \"bucket\"".to_owned(), "s3://"),
        ("[trigger]\non_failure = \"arn:aws:sqs:eu-west-1:123456789012:q.fifo\"".to_owned(), "FIFO"),
        (subscription("log_groups = [\"/a b\"]"), "logs:LogGroupName"),
        (subscription("log_groups = [\"arn:aws:s3:::b\"]"), "log-group:NAME"),
        (subscription("match = [\"[\"]"), "not a valid glob"),
        (subscription("all = true\nexclude = [\"\"]"), "empty"),
        (subscription(&format!("all = true\n{pattern}")), "at most 1024"),
        (destination("{ ssm = \"bad name\" }"), "neither"),
        (destination("{ secretsmanager = \"bad name!\" }"), "neither"),
        (destination("{ ssm = \"/a\", kms_key = \"alias/a\" }"), "key/ID"),
        (
            format!(
                "{}\n[[routes]]\nlog_group = \"arn:aws:logs:eu-west-1:123456789012:log-group:/a\"\ndestination = \"app\"",
                destination("{ ssm = \"/a\" }")
            ),
            "matches no name",
        ),
    ] {
        let error = File::parse(Path::new("cwl2le.toml"), text.clone()).expect_err(&text);
        assert_eq!(error.code, Code::Config, "{text}");
        assert!(error.message.contains("cwl2le.toml:") && error.message.contains(said), "{text}: {error}");
    }
}

/// The account of these tests is 123456789012 in eu-west-1.
#[test]
fn what_several_values_come_to_is_checked_too() {
    let tags: String = (0..46).map(|n| format!("t{n} = \"v\"\n")).collect();
    let tags = format!("[tags]\n{tags}");
    let secrets: String = (0..100)
        .map(|n| {
            format!(
                "[destinations.d{n}]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {{ ssm = \"/cwl2le/tokens/{n}\" }}\n"
            )
        })
        .collect();
    let secrets = format!("default_destination = \"d0\"\n{secrets}");
    let name = "d".repeat(40);
    let isolated = format!(
        "default_destination = \"app\"\n[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {{ ssm = \"/a\" }}\n\
         [destinations.{name}]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = {{ ssm = \"/a\" }}\nisolated = true"
    );
    let token = ["--token", TOKEN];
    let with = |more: &[&'static str]| [&token[..], more].concat();
    let key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let queue = "arn:aws-cn:sqs:cn-north-1:123456789012:q";
    for (flags, text, said) in [
        (with(&[]), tags.as_str(), "46 tags"),
        (with(&["--tag", "Team=a", "--tag", "team=b"]), "", "ignores case"),
        (with(&["--kms-key", key]), "", "of its own region"),
        (with(&["--on-failure", queue]), "", "aws-cn"),
        (with(&["--on-failure", "arn:aws:sqs:xx-north-1:123456789012:q"]), "", "no AWS region"),
        (
            with(&["--permissions-boundary", "arn:aws:iam::210987654321:policy/b"]),
            "",
            "is in account 210987654321;",
        ),
        (vec![], secrets.as_str(), "takes 10240"),
    ] {
        let error = stack(&flags, text, &Observed::default()).expect_err(said);
        assert_eq!(error.code, Code::Usage, "{error}");
        assert!(error.message.contains(said) && error.hint.is_some(), "{error}");
    }
    // The flag for the stack is longer than what the file was checked with.
    let longer: StackName = "x".repeat(24).parse().expect("a stack name");
    let file = parse(&isolated).expect("a file");
    let made =
        wanted_stack(&flags(&[]), Some(&file), &longer, &target(), RoleScope::Plain, &Observed::default());
    let error = made.expect_err("too long");
    assert!(error.message.contains("Lambda takes 64"), "{error}");
    // As many as fit.
    let fits: String = (0..44).map(|n| format!("t{n} = \"v\"\n")).collect();
    stack(&token, &format!("[tags]\n{fits}"), &Observed::default()).expect("they fit");
}
