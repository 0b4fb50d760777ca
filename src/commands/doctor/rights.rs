//! Which questions to IAM tell whether somebody may do what a policy allows. Pure.

use serde_json::Value;

use crate::aws::answers::Trial;

/// Whose policies IAM is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// A user or role.
    Arn(String),
    /// The session of a role; the ARN is that of the role if it has no path.
    Role { name: String, arn: String },
    /// The root user, whom no policy of the account limits.
    Root,
    /// Somebody of whom IAM knows no policies, such as a federated user.
    Unknown,
}

impl Principal {
    /// The one behind an identity, as `sts:GetCallerIdentity` names it.
    pub(super) fn of(identity: &str) -> Self {
        let mut parts = identity.splitn(6, ':');
        let (Some("arn"), Some(partition), Some(service), Some(_), Some(account), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Self::Unknown;
        };
        let words: Vec<&str> = resource.split('/').collect();
        match (service, words.as_slice()) {
            ("iam", ["root"]) => Self::Root,
            ("iam", ["user" | "role", .., _]) => Self::Arn(identity.to_owned()),
            ("sts", ["assumed-role", name, ..]) => Self::Role {
                name: (*name).to_owned(),
                arn: format!("arn:{partition}:iam::{account}:role/{name}"),
            },
            _ => Self::Unknown,
        }
    }
}

/// One question for each statement of a policy.
pub(super) fn trials(policy: &Value) -> Vec<Trial> {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let trials = statements.map(|statement| Trial {
        actions: texts(&statement["Action"]),
        resources: texts(&statement["Resource"]),
        context: context(&statement["Condition"]),
    });
    trials.filter(|trial| !trial.actions.is_empty()).collect()
}

/// The condition keys, each with a value that its condition accepts.
fn context(conditions: &Value) -> Vec<(String, Vec<String>)> {
    let operators = conditions.as_object().into_iter().flatten();
    let keys = operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten());
    keys.map(|(key, values)| (key.clone(), texts(values).into_iter().take(1).collect())).collect()
}

/// A list of texts, or one.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn iam_is_asked_about_whoever_has_policies() {
        let arn = "arn:aws:iam::123456789012:user/team/kim";
        assert_eq!(Principal::of(arn), Principal::Arn(arn.to_owned()));
        let session = "arn:aws-cn:sts::123456789012:assumed-role/admin/kim@example.com";
        let role = "arn:aws-cn:iam::123456789012:role/admin".to_owned();
        assert_eq!(Principal::of(session), Principal::Role { name: "admin".to_owned(), arn: role });
        assert_eq!(Principal::of("arn:aws:iam::123456789012:root"), Principal::Root);
        for other in ["arn:aws:sts::1:federated-user/kim", "arn:aws:iam::1:user", "", "x:y"] {
            assert_eq!(Principal::of(other), Principal::Unknown, "{other}");
        }
    }

    #[test]
    fn a_statement_is_a_question_with_what_its_conditions_accept() {
        let policy = json!({"Statement": [
            {"Action": "iam:PassRole", "Resource": ["a", "b"],
             "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"},
                           "ArnLike": {"lambda:FunctionArn": ["f", "f-*"]}}},
            {"Action": ["x:Y", "x:Z"], "Resource": "*"},
            {"Action": [], "Resource": "*"},
        ]});
        let text = |text: &str| text.to_owned();
        assert_eq!(
            trials(&policy),
            [
                Trial {
                    actions: vec![text("iam:PassRole")],
                    resources: vec![text("a"), text("b")],
                    context: vec![
                        (text("lambda:FunctionArn"), vec![text("f")]),
                        (text("iam:PassedToService"), vec![text("lambda.amazonaws.com")]),
                    ],
                },
                Trial {
                    actions: vec![text("x:Y"), text("x:Z")],
                    resources: vec![text("*")],
                    context: vec![]
                },
            ]
            .map(|mut trial| {
                trial.context.sort();
                trial
            })
        );
    }
}
