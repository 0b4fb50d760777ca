use proptest::prelude::*;
use serde_json::json;

use super::portable::{Piece, pieces};
use super::*;
use crate::stack::{Names, RoleScope, StackName, Target};

const STAND_IN: &str = "c5121e00-57a0-4d1e-8000-000000000001";

fn target() -> Target {
    Target { account: "123456789012".to_owned(), region: "cn-north-1".parse().expect("a region") }
}

fn template() -> Template {
    let mut template = Template {
        description: "Made by a test".to_owned(),
        target: target(),
        parameters: vec![Parameter::new("app-token", STAND_IN.to_owned(), "`token` of `app`".to_owned())],
        code: "code.zip".to_owned(),
        resources: Vec::new(),
    };
    let policy = json!({ "Resource": "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/${x}" });
    template.declare(
        Declared::new("Stream")
            .cloudformation(
                "AWS::Kinesis::Stream",
                json!({ "Name": "s", "ShardCount": null, "Text": "a\r\u{1b}" }),
            )
            .terraform(
                "aws_kinesis_stream",
                json!({
                    "name": "s",
                    "shard_count": null,
                    "stream_mode_details": block(json!({ "stream_mode": "ON_DEMAND" })),
                    "policy": json_text(&policy),
                    "tags": { "cwl2le:stack": "default", "team": "a \"b\" ${c} %{d}\n\r\u{1b}", "a = b": "c = d" },
                }),
            ),
    );
    let config = format!("{{\"token\":\"{STAND_IN}\",\"text\":\"${{not}} a variable\"}}");
    template.declare(
        Declared::new("Forwarder")
            .after(["Stream".to_owned(), "Elsewhere".to_owned()])
            .cloudformation(
                "AWS::Lambda::Function",
                json!({ "Config": config, "Policy": policy, "Code": code("code.zip") }),
            )
            .terraform("aws_lambda_function", json!({ "config": config, "timeout": 60 })),
    );
    template.amend("Forwarder", json!({ "Reserved": 5 }), json!({ "reserved": 5 }));
    template.declare(Declared::new("Live").terraform(
        "aws_lambda_alias",
        json!({ "function_name": reference_to("aws_lambda_function", "Forwarder", "function_name") }),
    ));
    template
}

/// Whether a terminal would take something of it for a command.
fn has_control(text: &str) -> bool {
    text.chars().any(|letter| letter.is_control() && letter != '\n')
}

#[test]
fn a_template_is_written_for_cloudformation() {
    insta::assert_snapshot!(yaml(&template()).expect("YAML"));
    assert!(!has_control(&yaml(&template()).expect("YAML")) && !has_control(&json(&template())));
    let document: serde_json::Value = serde_json::from_str(&json(&template())).expect("JSON");
    assert_eq!(document["Resources"]["Forwarder"]["DependsOn"], json!(["Stream"]));
}

#[test]
fn a_template_is_written_for_terraform() {
    let hcl = hcl(&template()).expect("HCL");
    insta::assert_snapshot!(hcl);
    assert!(!has_control(&hcl) && !has_control(&tf_json(&template())));
    hcl::parse(&hcl).expect("what is written can be read");
    insta::assert_snapshot!(tf_json(&template()));
}

#[test]
fn no_two_resources_have_the_same_name() {
    let names = Names::new(&StackName::default(), &target().region, RoleScope::Plain);
    let ids = Ids { names: &names };
    let functions = ["live", "audit", "audit-live", "a-1", "a1", "a_1", "A1", "log-group", "of-audit"]
        .map(|destination| names.isolated(destination).function);
    let of = |function: &String| {
        [
            ids.function(function),
            ids.alias(function),
            ids.trigger(function),
            ids.version(function, "x"),
            ids.log_group(&format!("/aws/lambda/{function}")),
        ]
    };
    let mut all: Vec<String> = functions.iter().chain([&names.function]).flat_map(of).collect();
    all.extend(["/a/b", "/a-b", "/ab", "/A/b"].map(|log_group| ids.filter(log_group, "f")));
    all.extend([ids.role(&names.logs_role), ids.role(&names.function_role), ids.policy(&names.logs_role)]);
    let mut in_terraform: Vec<String> = all.iter().map(|id| Declared::new(id).terraform_name()).collect();
    for names in [&mut all, &mut in_terraform] {
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
        let is_plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        assert!(names.iter().all(is_plain), "{names:?}");
    }
}

#[test]
fn a_text_names_the_region_where_it_is_deployed() {
    let regions = |text: &str| {
        let pieces = pieces(text, &target(), &[]);
        pieces.into_iter().filter(|piece| *piece == Piece::Region).count()
    };
    for text in
        ["kinesis.cn-north-1.*", "run `cwl2le doctor --region cn-north-1`", "s3.cn-north-1.amazonaws.com.cn"]
    {
        assert_eq!(regions(text), 1, "{text}");
    }
    for text in ["/app/cn-north-1/orders", "/app.cn-north-1.*", "logs.cn-north-1.example.com"] {
        assert_eq!(regions(text), 0, "{text}");
    }
}

#[test]
fn no_two_secrets_have_the_same_name() {
    let of = |name, description: &str| Parameter::new(name, String::new(), description.to_owned());
    let first = of("app-headers-x-token", "`headers.x-token` of `app`").beside(&[]);
    let second = of("app-headers-x-token", "`token` of `app-headers-x`").beside(std::slice::from_ref(&first));
    assert_eq!(first.id, "AppHeadersXToken");
    assert_ne!(second.id, first.id);
    assert_ne!(second.variable(), first.variable());
}

proptest! {
    /// A text that is taken apart says the same where it was planned.
    #[test]
    fn the_pieces_of_a_text_are_the_text(
        text in "(arn:aws-cn:|:cn-north-1:123456789012:|::123456789012:|cn-north-1|123456789012|c5121e00|\\.amazonaws\\.com| --region |\\.\\*|[a:.ü]){0,6}",
    ) {
        let (target, template) = (target(), template());
        let joined: String = pieces(&text, &target, &template.parameters)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.into_owned(),
                Piece::Account => target.account.clone(),
                Piece::Region => target.region.to_string(),
                Piece::Partition => target.region.partition().to_owned(),
                Piece::Parameter(at) => template.parameters[at].stand_in.clone(),
            })
            .collect();
        prop_assert_eq!(joined, text);
    }
}
