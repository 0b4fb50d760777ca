//! The account-level subscription policy: one filter for every log group of an account and region but those it names.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use crate::resources::Distribution;
use crate::stack::Setting;

/// The bytes that CloudWatch Logs takes as selection criteria, "up to 25KB" by its API model. A thousand is taken for
/// a KB.
pub const SELECTION_BYTES: usize = 25_000;

/// The account policy that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountPolicySpec {
    /// Its name, which arrives with each event as that of a filter does: `@DESTINATION` at its end pins a destination.
    pub name: String,
    /// Which events; empty for all.
    pub pattern: Setting<String>,
    /// How they are spread over the shards.
    pub distribution: Setting<Distribution>,
    /// The ARN of the stream, or of the destination of another account.
    pub destination_arn: String,
    /// The role that CloudWatch Logs assumes; without one, a policy that is there keeps its own.
    pub role_arn: Option<String>,
    /// The log groups that the user excludes. The plan adds those that must be excluded.
    pub excluded: BTreeSet<String>,
}

/// An account policy as AWS keeps it. There is at most one in an account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPolicy {
    /// Its name.
    pub name: String,
    /// Which events.
    pub pattern: String,
    /// How they are spread over the shards.
    pub distribution: Distribution,
    /// Where they go.
    pub destination_arn: String,
    /// The role that CloudWatch Logs assumes.
    pub role_arn: Option<String>,
    /// The log groups that it leaves out.
    pub excluded: BTreeSet<String>,
    /// The selection criteria, where they have another form than the one that is written here: what it leaves out is
    /// not known then, and writing it would cover log groups that somebody left out.
    pub unread_selection: Option<String>,
    /// The document as it is, which may say more than is read here.
    pub document: String,
}

impl AccountPolicy {
    /// What is wanted, as AWS keeps it.
    pub fn of(spec: &AccountPolicySpec, excluded: BTreeSet<String>) -> Self {
        let mut document = json!({
            "DestinationArn": spec.destination_arn,
            "FilterPattern": spec.pattern.value,
            "Distribution": spec.distribution.value.in_aws(),
        });
        if let Some(role) = &spec.role_arn {
            document["RoleArn"] = role.as_str().into();
        }
        Self {
            name: spec.name.clone(),
            pattern: spec.pattern.value.clone(),
            distribution: spec.distribution.value,
            destination_arn: spec.destination_arn.clone(),
            role_arn: spec.role_arn.clone(),
            excluded,
            unread_selection: None,
            document: document.to_string(),
        }
    }

    /// Reads what AWS keeps. Where a document cannot be read, it leads nowhere.
    pub fn read(name: &str, document: &str, selection: &str) -> Self {
        let fields: Value = serde_json::from_str(document).unwrap_or_default();
        let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let distribution =
            if text("Distribution") == "Random" { Distribution::Random } else { Distribution::ByLogStream };
        Self {
            name: name.to_owned(),
            pattern: text("FilterPattern"),
            distribution,
            destination_arn: text("DestinationArn"),
            role_arn: Some(text("RoleArn")).filter(|arn| !arn.is_empty()),
            excluded: names_in(selection).unwrap_or_default(),
            unread_selection: names_in(selection).is_none().then(|| selection.to_owned()),
            document: document.to_owned(),
        }
    }

    /// The selection criteria, in the form of AWS's guide.
    pub fn selection(&self) -> String {
        let mut text = "LogGroupName NOT IN [".to_owned();
        for (at, name) in self.excluded.iter().enumerate() {
            // Writing to a string does not fail; names of log groups hold nothing that JSON would escape.
            let _ = write!(text, "{}{}", if at == 0 { "" } else { ", " }, Value::from(name.as_str()));
        }
        text + "]"
    }

    /// What to write for this policy to be in the place of what is there now; none where nothing is left to write.
    /// Names that somebody else had it leave out stay, but for those in `no_longer`.
    pub fn over(&self, now: Option<&Self>, no_longer: &BTreeSet<String>) -> Option<Self> {
        let mut put = self.clone();
        let Some(now) = now.filter(|now| now.name == self.name) else { return Some(put) };
        put.excluded.extend(now.excluded.difference(no_longer).cloned());
        // The text of the document is AWS' to keep in any form.
        put.document.clone_from(&now.document);
        (put != *now).then(|| Self { document: self.document.clone(), ..put })
    }

    /// The same policy with these log groups left out as well; none where it leaves them out already.
    pub fn leaving_out(&self, log_groups: &BTreeSet<String>) -> Option<Self> {
        let mut put = self.clone();
        put.excluded.extend(log_groups.iter().cloned());
        (put.excluded != self.excluded).then_some(put)
    }

    /// The same policy with this log group not left out; none where it does not leave it out.
    pub fn not_leaving_out(&self, log_group: &str) -> Option<Self> {
        let mut put = self.clone();
        put.excluded.remove(log_group).then_some(put)
    }

    /// Whether events of this log group come by way of it. AWS leaves out all that are not of class STANDARD.
    pub fn covers(&self, log_group: &str, class: &str) -> bool {
        matches!(class, "" | "STANDARD") && !self.excluded.contains(log_group)
    }
}

/// The names in `LogGroupName NOT IN ["...", ...]`; none where it says something else.
fn names_in(selection: &str) -> Option<BTreeSet<String>> {
    let mut rest = selection.trim();
    if rest.is_empty() {
        return Some(BTreeSet::new());
    }
    for word in ["LogGroupName", "NOT", "IN"] {
        rest = rest.strip_prefix(word)?.trim_start();
    }
    serde_json::from_str(rest).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec(pattern: &str, random: bool) -> AccountPolicySpec {
        AccountPolicySpec {
            name: "cloudwatchLogsFilter@audit".to_owned(),
            pattern: Setting::asked(pattern.to_owned()),
            distribution: Setting::asked(if random {
                Distribution::Random
            } else {
                Distribution::ByLogStream
            }),
            destination_arn: "arn:aws:kinesis:eu-west-1:123456789012:stream/s".to_owned(),
            role_arn: (!pattern.is_empty()).then(|| "arn:aws:iam::123456789012:role/r".to_owned()),
            excluded: BTreeSet::new(),
        }
    }

    proptest! {
        /// What is written is read again.
        #[test]
        fn an_account_policy_is_read_as_it_is_written(
            pattern in ".{0,20}",
            random in any::<bool>(),
            excluded in proptest::collection::btree_set("[-_./#A-Za-z0-9]{1,12}", 0..4),
        ) {
            let policy = AccountPolicy::of(&spec(&pattern, random), excluded);
            let read = AccountPolicy::read(&policy.name, &policy.document, &policy.selection());
            prop_assert_eq!(read, policy);
        }

        /// However writes of several runs fall between each other's reads, as long as each looks after its write:
        /// what each needs left out is left out, and what somebody else leaves out stays.
        #[test]
        fn writes_add_up(
            mine in proptest::collection::btree_set("[a-e]", 0..4),
            theirs in proptest::collection::btree_set("[c-h]", 0..4),
            no_longer in proptest::collection::btree_set("[c-h]", 0..3),
        ) {
            let no_longer: BTreeSet<String> = no_longer.difference(&mine).cloned().collect();
            let policy = AccountPolicy::of(&spec("", false), mine.clone());
            let now = AccountPolicy::of(&spec("ERROR", true), theirs.clone());
            let put = policy.over(Some(&now), &no_longer).expect("another pattern");
            let kept: BTreeSet<String> = theirs.difference(&no_longer).cloned().collect();
            prop_assert_eq!(&put.excluded, &mine.union(&kept).cloned().collect());
            prop_assert_eq!((&put.pattern, &put.document), (&policy.pattern, &policy.document));
            prop_assert_eq!(policy.over(Some(&put), &no_longer), None);

            let added = now.leaving_out(&mine).unwrap_or_else(|| now.clone());
            prop_assert_eq!(&added.excluded, &mine.union(&theirs).cloned().collect());
            prop_assert_eq!((&added.document, added.leaving_out(&mine)), (&now.document, None));

            let less = added.not_leaving_out("c");
            prop_assert_eq!(less.is_some(), added.excluded.contains("c"));
            let less = less.unwrap_or_else(|| added.clone());
            prop_assert_eq!(less.not_leaving_out("c"), None);
            prop_assert!(added.excluded.iter().all(|name| name == "c" || less.excluded.contains(name)));
        }

        /// Nothing that AWS could say makes the reader panic.
        #[test]
        fn anything_is_read(document in ".{0,40}", selection in ".{0,40}") {
            AccountPolicy::read("x", &document, &selection);
        }
    }

    #[test]
    fn the_selection_has_the_form_of_the_guide() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let policy = AccountPolicy::of(&spec("", false), names(&["/b", "/a"]));
        assert_eq!(policy.selection(), r#"LogGroupName NOT IN ["/a", "/b"]"#);
        assert_eq!(names_in(r#" LogGroupName  NOT IN ["/a","/b"] "#).as_ref(), Some(&policy.excluded));
        assert_eq!(names_in(" "), Some(BTreeSet::new()));
        for other in [
            "LogGroupName IN [\"/a\"]",
            "LogGroupNamePrefix NOT IN [\"/a\"]",
            "LogGroupName NOT IN [\"/a\"] AND x",
        ] {
            assert_eq!(names_in(other), None, "{other}");
            assert_eq!(AccountPolicy::read("x", "{}", other).unread_selection.as_deref(), Some(other));
        }
        assert!(
            policy.covers("/c", "STANDARD") && !policy.covers("/a", "") && !policy.covers("/c", "DELIVERY")
        );
    }
}
