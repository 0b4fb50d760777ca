//! What IAM answers of a role that is there already.

use serde_json::json;

use super::aws as iam;
use super::desired::RoleSpec;
use crate::aws::tests::*;
use crate::error::Code;
use crate::resources::Accepted;
use crate::stack::Tags;

fn role() -> RoleSpec {
    RoleSpec {
        name: "cwl-to-kinesis".to_owned(),
        arn: "arn:aws:iam::123456789012:role/cwl-to-kinesis".to_owned(),
        path: "/".to_owned(),
        boundary: Some("arn:aws:iam::123456789012:policy/b".to_owned()),
        description: "d".to_owned(),
        trust: json!({ "Statement": [] }),
        policy_name: "cwl-kinesis-write".to_owned(),
        policy: json!({ "Statement": [{ "Effect": "Allow" }] }),
    }
}

fn role_xml(tags: &Tags) -> Answer {
    let tags: String =
        tags.iter().map(|(k, v)| format!("<member><Key>{k}</Key><Value>{v}</Value></member>")).collect();
    Answer::Xml(format!(
        "<Role><Path>/</Path><RoleName>cwl-to-kinesis</RoleName><RoleId>AROA</RoleId>\
         <Arn>arn:aws:iam::123456789012:role/cwl-to-kinesis</Arn><CreateDate>2026-11-22T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>\
         <Tags>{tags}</Tags></Role>"
    ))
}

#[tokio::test(start_paused = true)]
async fn a_role_of_ours_is_taken_its_policy_written_and_a_foreign_one_refused() {
    for (tags, expected) in [(our_tags(), None), (Tags::new(), Some(Code::NotOurs))] {
        let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
            ("CreateRole", _) => {
                Answer::Error(409, "EntityAlreadyExists", "Role with name x already exists.")
            }
            ("GetRole", _) => role_xml(&tags),
            // A role that was just made is not shown to every call at once.
            ("PutRolePolicy", 0) => {
                Answer::Error(404, "NoSuchEntity", "The role with name x cannot be found.")
            }
            _ => Answer::Xml(String::new()),
        });
        let made = iam::create_role((&aws.session()).into(), &role(), &our_tags()).await;
        assert_eq!(made.as_ref().err().map(|error| error.code), expected);
        assert_eq!(aws.operations().contains(&"PutRolePolicy".to_owned()), made.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_read_with_its_encoded_documents() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "GetRole" => role_xml(&our_tags()),
        _ => Answer::Xml(
            "<RoleName>r</RoleName><PolicyName>p</PolicyName>\
             <PolicyDocument>%7B%22Statement%22%3A%5B%7B%22Action%22%3A%22a%2Bb%22%7D%5D%7D</PolicyDocument>"
                .to_owned(),
        ),
    });
    let session = aws.session();
    let role = iam::role((&session).into(), "cwl-to-kinesis").await.expect("read").expect("there");
    assert_eq!(role.trust, json!({ "Statement": [] }));
    assert_eq!(role.tags, our_tags());
    let policy = iam::role_policy((&session).into(), "r", "p").await.expect("read").expect("there");
    assert_eq!(policy, json!({ "Statement": [{ "Action": "a+b" }] }));
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_for_sixty_accounts_says_which_quota_it_is_too_long_for() {
    let ids = (1..=60).map(|number| format!("{number:012}")).collect();
    let aws = FakeAws::new(|request| {
        let trust = request.text("AssumeRolePolicyDocument").len();
        match request.operation.as_str() {
            "CreateRole" if trust > 2_048 => {
                Answer::Error(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
            }
            _ => Answer::Xml(String::new()),
        }
    });
    let session = aws.session();
    let role = RoleSpec { trust: Accepted::Accounts(ids).trust(&session.target), ..role() };
    let error = iam::create_role((&session).into(), &role, &our_tags()).await.expect_err("too long");
    let hint = error.hint.expect("a hint");
    assert!(hint.contains("Role trust policy length") && hint.contains("--accept-organization"), "{hint}");
}
