//! The rendered IAM documents, as a person reviews them.

use cwl2le::commands::policies::render;
use cwl2le::stack::{RoleScope, StackName, Target};

fn target(region: &str) -> Target {
    Target { account: "123456789012".to_owned(), region: region.parse().expect("a region") }
}

#[test]
fn the_default_stack() {
    let report = render(&StackName::default(), &target("ap-northeast-1"), RoleScope::Plain, None, None);
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn another_stack_in_a_second_region_with_a_key() {
    let key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let stack: StackName = "blue".parse().expect("a stack name");
    let report = render(&stack, &target("eu-west-1"), RoleScope::Regional, Some(key.to_owned()), None);
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn every_partition_has_its_own_arns() {
    for (region, partition) in [
        ("cn-north-1", "arn:aws-cn:"),
        ("us-gov-west-1", "arn:aws-us-gov:"),
        ("eusc-de-east-1", "arn:aws-eusc:"),
    ] {
        let report = render(&StackName::default(), &target(region), RoleScope::Plain, None, None).to_string();
        assert!(report.contains(partition) && !report.contains("arn:aws:"), "{report}");
        assert!(!report.contains("{{"), "a placeholder is left: {report}");
        insta::assert_snapshot!(region, report);
    }
}
