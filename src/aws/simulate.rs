//! What IAM would allow, without making the calls.

use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType as Decision,
};

use super::answers::{Denial, Limit, Trial};
use super::{Aws, AwsError};

/// Asks what the policies of a user or role deny. Resource policies and session policies are not looked at.
///
/// # Errors
///
/// Whatever `iam:SimulatePrincipalPolicy` fails with.
pub(crate) async fn denied(aws: Aws<'_>, principal: &str, trial: &Trial) -> Result<Vec<Denial>, AwsError> {
    let iam = aws.session.iam();
    let context: Vec<ContextEntry> = trial.context.iter().map(entry).collect();
    let results = aws.pages(
        "iam",
        "SimulatePrincipalPolicy",
        principal,
        |marker| {
            let request = iam.simulate_principal_policy().policy_source_arn(principal);
            let request = request.set_action_names(Some(trial.actions.clone()));
            let request = request.set_resource_arns(Some(trial.resources.clone()));
            request.set_context_entries(Some(context.clone())).set_marker(marker).send()
        },
        |page| (page.evaluation_results.unwrap_or_default(), page.marker.filter(|_| page.is_truncated)),
    );
    Ok(results.await?.iter().filter_map(denial).collect())
}

fn entry((key, values): &(String, Vec<String>)) -> ContextEntry {
    let kind = if values.len() == 1 { ContextKeyTypeEnum::String } else { ContextKeyTypeEnum::StringList };
    let values = Some(values.clone());
    ContextEntry::builder()
        .context_key_name(key)
        .set_context_key_values(values)
        .context_key_type(kind)
        .build()
}

fn denial(result: &EvaluationResult) -> Option<Denial> {
    if result.eval_decision == Decision::Allowed {
        return None;
    }
    let organization = result.organizations_decision_detail.as_ref();
    let boundary = result.permissions_boundary_decision_detail.as_ref();
    let limit = if organization.is_some_and(|detail| !detail.allowed_by_organizations) {
        Some(Limit::Organization)
    } else if boundary.is_some_and(|detail| !detail.allowed_by_permissions_boundary) {
        Some(Limit::Boundary)
    } else {
        (result.eval_decision == Decision::ExplicitDeny).then_some(Limit::Explicit)
    };
    let resource = result.eval_resource_name.clone().unwrap_or_else(|| "*".to_owned());
    Some(Denial { action: result.eval_action_name.clone(), resource, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    fn result(action: &str, decision: &str, more: &str) -> String {
        format!(
            "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>arn</EvalResourceName>\
             <EvalDecision>{decision}</EvalDecision>{more}</member>"
        )
    }

    #[tokio::test]
    async fn all_pages_are_asked_for_and_what_takes_a_right_away_is_told() {
        let aws = FakeAws::new(|request| {
            assert_eq!(request.text("ContextEntries.member.1.ContextKeyName"), "iam:PassedToService");
            let (results, more) = match request.text("Marker") {
                "" => {
                    let all = [
                        result("a:Allowed", "allowed", ""),
                        result("a:Missing", "implicitDeny", ""),
                        result("a:Denied", "explicitDeny", ""),
                    ];
                    (all.concat(), "<IsTruncated>true</IsTruncated><Marker>m</Marker>")
                }
                _ => {
                    let by = |what: &str, flag: &str| format!("<{what}><{flag}>false</{flag}></{what}>");
                    let organization = by("OrganizationsDecisionDetail", "AllowedByOrganizations");
                    let boundary = by("PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary");
                    let all = [
                        result("a:Organization", "implicitDeny", &organization),
                        result("a:Boundary", "implicitDeny", &boundary),
                    ];
                    (all.concat(), "<IsTruncated>false</IsTruncated>")
                }
            };
            Answer::Xml(format!("<EvaluationResults>{results}</EvaluationResults>{more}"))
        });
        let trial = Trial {
            actions: vec!["a:Allowed".to_owned()],
            resources: vec!["*".to_owned()],
            context: vec![("iam:PassedToService".to_owned(), vec!["lambda.amazonaws.com".to_owned()])],
        };
        let session = aws.session();
        let denied = denied((&session).into(), "arn:aws:iam::1:user/u", &trial).await.expect("answers");
        let denied: Vec<_> = denied.iter().map(|denial| (denial.action.as_str(), denial.limit)).collect();
        assert_eq!(
            denied,
            [
                ("a:Missing", None),
                ("a:Denied", Some(Limit::Explicit)),
                ("a:Organization", Some(Limit::Organization)),
                ("a:Boundary", Some(Limit::Boundary)),
            ]
        );
    }
}
