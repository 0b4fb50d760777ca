//! Which other accounts may send their lines to the stack, and the documents that let them.

use std::collections::BTreeSet;

use cwl2le_forwarder::aws::is_account_id;
use serde::Serialize;
use serde_json::Value;

use crate::resources::RoleSpec;
use crate::stack::Target;
use crate::stack::arn::Arn;
use crate::stack::template::{Values, template};

/// Maximum length of a role's trust policy in characters without white space. More than the default takes a higher quota
/// of IAM, "Role trust policy length", which AWS raises up to [`LONGEST_TRUST`].
pub(crate) const TRUST: usize = 2_048;
/// See [`TRUST`].
pub(crate) const LONGEST_TRUST: usize = 4_096;
/// Maximum size of the access policy of a destination in bytes, from the reference of PutDestinationPolicy.
pub(crate) const ACCESS_POLICY: usize = 5_120;

/// Who besides the stack's own account may send lines to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accepted {
    /// Nobody: there is to be no destination.
    Nobody,
    /// These accounts, by their IDs.
    Accounts(BTreeSet<String>),
    /// The accounts of an organization, by its ID.
    Organization(String),
}

/// What other accounts need of the stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountsSpec {
    /// Who may send lines. None where nobody said so, and none can be told from what there is, which then stays.
    pub accepted: Option<Accepted>,
    /// The role of the destination. That of the stack's own log groups cannot be it: its trust policy names the own
    /// account alone, so CloudWatch Logs would drop the lines of every other one.
    pub role: RoleSpec,
}

impl AccountsSpec {
    /// Who may send lines, if anybody.
    pub fn senders(&self) -> Option<&Accepted> {
        self.accepted.as_ref().filter(|accepted| **accepted != Accepted::Nobody)
    }
}

impl Accepted {
    /// Who may assume the role of the destination: CloudWatch Logs, for log groups of the accepted accounts. It sends the
    /// test message of PutDestination on behalf of the stack's own account, which is named for that.
    ///
    /// For an organization the trust depends on `aws:SourceOrgID`. AWS says of services that they give it together with
    /// `aws:SourceArn`, and nowhere of this one; only a real account can show it.
    pub fn trust(&self, target: &Target) -> Value {
        let source = |account: &str| target.of_account(account).arn("logs", "*");
        match self {
            Self::Organization(id) => Values::new(target)
                .with("ORGANIZATION", id)
                .render(template!("cwl-to-kinesis-accounts.organization.trust.json")),
            Self::Accounts(ids) => Values::new(target)
                .with_all("SOURCES", [&target.account].into_iter().chain(ids).map(|id| source(id)).collect())
                .render(template!("cwl-to-kinesis-accounts.trust.json")),
            Self::Nobody => Self::Accounts(BTreeSet::new()).trust(target),
        }
    }

    /// Who may subscribe to the destination with this ARN.
    ///
    /// Accounts stand in it as plain IDs: CloudWatch Logs refuses ARNs.
    pub fn policy(&self, target: &Target, arn: &str) -> Value {
        let values = Values::new(target).with("DESTINATION_ARN", arn);
        match self {
            Self::Organization(id) => {
                values.with("ORGANIZATION", id).render(template!("destination.organization.json"))
            }
            Self::Accounts(ids) => values
                .with_all("SENDERS", ids.iter().cloned().collect())
                .render(template!("destination.accounts.json")),
            Self::Nobody => Self::Accounts(BTreeSet::new()).policy(target, arn),
        }
    }

    /// Who an access policy lets subscribe; none where it says something that no setting can.
    pub fn of_policy(policy: &Value) -> Option<Self> {
        let statements = match policy.get("Statement")? {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        if let [statement] = statements.as_slice()
            && let Some(id) = organization(statement)
        {
            return Some(Self::Organization(id));
        }
        let accounts = statements.into_iter().map(accounts).collect::<Option<Vec<_>>>()?;
        let accounts: BTreeSet<String> = accounts.into_iter().flatten().collect();
        (!accounts.is_empty()).then_some(Self::Accounts(accounts))
    }

    /// The lengths of the role's trust policy, in characters, and of the access policy, in bytes.
    pub(crate) fn lengths(&self, target: &Target, arn: &str) -> (usize, usize) {
        (self.trust(target).to_string().len(), self.policy(target, arn).to_string().len())
    }

    /// Whether AWS takes both documents, with the highest quotas.
    pub(crate) fn fits(&self, target: &Target, arn: &str) -> bool {
        let (trust, policy) = self.lengths(target, arn);
        trust <= LONGEST_TRUST && policy <= ACCESS_POLICY
    }

    /// The accounts on behalf of which a trust policy lets CloudWatch Logs assume a role.
    pub(crate) fn trusted(trust: &Value) -> BTreeSet<String> {
        let statements = match &trust["Statement"] {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        let conditions = statements.into_iter().filter_map(|statement| statement["Condition"].as_object());
        let keys = conditions.flat_map(|all| all.values()).filter_map(Value::as_object).flatten();
        let is_source = |key: &str| {
            ["aws:SourceArn", "aws:SourceAccount"].iter().any(|name| key.eq_ignore_ascii_case(name))
        };
        let values = keys.filter(|(key, _)| is_source(key)).flat_map(|(_, value)| match value {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        });
        let account =
            |text: &str| Arn::parse(text).map_or_else(|| text.to_owned(), |arn| arn.account.to_owned());
        values.filter_map(Value::as_str).map(account).filter(|id| is_account_id(id)).collect()
    }

    /// In words, without a list of more than a few.
    pub fn shown(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Organization(id) => id.clone(),
            Self::Accounts(ids) => ids.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The accounts that a statement lets subscribe, if that is all it says.
fn accounts(statement: &Value) -> Option<BTreeSet<String>> {
    let allows = statement["Effect"] == "Allow" && statement.get("Condition").is_none();
    let ids = match statement.pointer("/Principal/AWS").filter(|_| allows)? {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let id = |id: &Value| id.as_str().filter(|id| is_account_id(id)).map(ToOwned::to_owned);
    ids.into_iter().map(id).collect()
}

/// The organization whose accounts a statement lets subscribe, if that is all it says.
fn organization(statement: &Value) -> Option<String> {
    let anybody = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
    let condition = statement["Condition"].as_object().filter(|all| all.len() == 1)?;
    let keys = condition.get("StringEquals")?.as_object().filter(|keys| keys.len() == 1)?;
    let (key, value) = keys.iter().next()?;
    let id = match value {
        Value::Array(all) if all.len() == 1 => all.first()?.as_str()?,
        one => one.as_str()?,
    };
    let is_it = anybody && statement["Effect"] == "Allow" && key.eq_ignore_ascii_case("aws:PrincipalOrgID");
    is_it.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn target() -> Target {
        Target { account: "999999999999".to_owned(), region: "cn-north-1".parse().expect("a region") }
    }

    const ARN: &str = "arn:aws-cn:logs:cn-north-1:999999999999:destination:cwl-from-accounts";

    proptest! {
        /// Who is accepted can be told from the policy that says so.
        #[test]
        fn a_policy_is_read_as_it_is_written(
            ids in proptest::collection::btree_set("[0-9]{12}", 1..9),
            organization in proptest::option::of("o-[a-z0-9]{10}"),
        ) {
            let accepted = organization.map_or(Accepted::Accounts(ids), Accepted::Organization);
            prop_assert_eq!(Accepted::of_policy(&accepted.policy(&target(), ARN)), Some(accepted));
        }

        /// CloudWatch Logs may assume the role for each accepted account and for its own, and for no other one.
        #[test]
        fn the_trust_names_each_account_once(ids in proptest::collection::btree_set("[0-8]{12}", 1..9)) {
            let trust = Accepted::Accounts(ids.clone()).trust(&target());
            let sources = trust.pointer("/Statement/0/Condition/StringLike/aws:SourceArn").expect("a list");
            let named: Vec<&str> = sources.as_array().expect("a list").iter().filter_map(|arn| arn.as_str()?.split(':').nth(4)).collect();
            let expected: Vec<&str> = ["999999999999"].into_iter().chain(ids.iter().map(String::as_str)).collect();
            prop_assert_eq!(named, expected);
            let all = ids.into_iter().chain(["999999999999".to_owned()]).collect();
            prop_assert_eq!(Accepted::trusted(&trust), all);
        }
    }

    #[test]
    fn a_policy_that_says_more_is_left_alone() {
        let written = |statement: Value| Accepted::of_policy(&json!({ "Statement": statement }));
        let allow = |principal: Value| json!({ "Effect": "Allow", "Principal": principal, "Action": "logs:*", "Resource": ARN });
        let two = written(json!([
            allow(json!({ "AWS": "111111111111" })),
            allow(json!({ "AWS": ["222222222222"] }))
        ]));
        assert_eq!(two.map(|accepted| accepted.shown()).as_deref(), Some("111111111111, 222222222222"));
        for other in [
            json!([]),
            allow(json!("*")),
            allow(json!({ "AWS": "arn:aws:iam::111111111111:root" })),
            json!({ "Effect": "Deny", "Principal": { "AWS": "111111111111" } }),
            json!({ "Effect": "Allow", "Principal": "*", "Condition": { "StringLike": { "aws:PrincipalOrgID": "o-*" } } }),
        ] {
            assert_eq!(written(other.clone()), None, "{other}");
        }
    }

    #[test]
    fn an_organization_s_trust_asks_for_its_id_and_names_the_own_account_for_the_test_message() {
        insta::assert_json_snapshot!(Accepted::Organization("o-a1b2c3d4e5".to_owned()).trust(&target()));
    }
}
