//! IAM: the roles and their inline policies.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::action::Action;
use crate::aws::call::Need;
use crate::aws::error::{found, gone};
use crate::aws::owner::check_owner;
use crate::aws::{Aws, AwsError, Notice};
use crate::error::Result;
use crate::resources::{ObservedRole, RoleSpec};
use crate::stack::Tags;

const SERVICE: &str = "iam";

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { role, tags } => create_role(aws, role, tags).await,
        Action::SetTrust { role, trust } => set_trust(aws, role, trust).await,
        Action::PutPolicy { role, policy_name, policy } => {
            put_role_policy(aws, role, policy_name, policy).await
        }
        Action::SetBoundary { role, boundary } => set_boundary(aws, role, boundary).await,
        Action::Tag { role, tags } => tag_role(aws, role, tags).await,
        Action::Delete { role, policies, attached } => delete_role(aws, role, policies, attached).await,
    }
}

/// The role itself, where it exists, without its policies.
pub(crate) async fn role(aws: Aws<'_>, name: &str) -> Result<Option<ObservedRole>, AwsError> {
    let iam = aws.session.iam();
    let read = aws.call(SERVICE, "GetRole", name, || iam.get_role().role_name(name).send());
    let Some(role) = found(read.await)?.and_then(|answer| answer.role) else { return Ok(None) };
    Ok(Some(ObservedRole {
        name: role.role_name,
        arn: role.arn,
        path: role.path,
        boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        trust: document(role.assume_role_policy_document.as_deref().unwrap_or_default()),
        policies: BTreeMap::new(),
        attached: Vec::new(),
        tags: role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
    }))
}

/// The role with this name or ARN, as a call needs it.
pub(crate) fn needed(arn: &str) -> Need<'_> {
    Need::new("role", arn, |aws, name| Box::pin(async move { Ok(role(aws, name).await?.is_some()) }))
}

/// One inline policy of a role, where it has it.
pub(crate) async fn role_policy(aws: Aws<'_>, role: &str, policy: &str) -> Result<Option<Value>, AwsError> {
    let iam = aws.session.iam();
    let read = aws.call(SERVICE, "GetRolePolicy", role, || {
        iam.get_role_policy().role_name(role).policy_name(policy).send()
    });
    Ok(found(read.await)?.map(|answer| document(&answer.policy_document)))
}

/// The names of all inline policies of a role.
pub(crate) async fn policy_names(aws: Aws<'_>, role: &str) -> Result<Vec<String>, AwsError> {
    let iam = aws.session.iam();
    let names = aws.pages(
        SERVICE,
        "ListRolePolicies",
        role,
        |marker| iam.list_role_policies().role_name(role).set_marker(marker).send(),
        |page| (page.policy_names, page.marker.filter(|_| page.is_truncated)),
    );
    Ok(found(names.await)?.unwrap_or_default())
}

/// The ARNs of all managed policies that are attached to a role.
pub(crate) async fn attached_policies(aws: Aws<'_>, role: &str) -> Result<Vec<String>, AwsError> {
    let iam = aws.session.iam();
    let attached = aws.pages(
        SERVICE,
        "ListAttachedRolePolicies",
        role,
        |marker| iam.list_attached_role_policies().role_name(role).set_marker(marker).send(),
        |page| (page.attached_policies.unwrap_or_default(), page.marker.filter(|_| page.is_truncated)),
    );
    let attached = found(attached.await)?.unwrap_or_default();
    Ok(attached.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

/// A policy document: IAM sends it as URL-encoded JSON. What is not JSON is kept as text, which equals no policy.
fn document(encoded: &str) -> Value {
    let text = percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}

/// Creates the role with trust, boundary and tags, then its inline policy. A role of this stack that is there already
/// is taken.
pub(crate) async fn create_role(aws: Aws<'_>, spec: &RoleSpec, tags: &Tags) -> Result<()> {
    let iam = aws.session.iam();
    let trust = spec.trust.to_string();
    let made = aws.call(SERVICE, "CreateRole", &spec.name, || {
        iam.create_role()
            .role_name(&spec.name)
            .path(&spec.path)
            .description(&spec.description)
            .set_permissions_boundary(spec.boundary.clone())
            .assume_role_policy_document(&trust)
            .set_tags(Some(sdk_tags(tags)))
            .send()
    });
    match made.await {
        Ok(_) => (aws.notice)(Notice::Made),
        Err(error) if error.is(&["EntityAlreadyExists"]) => {
            let there = role(aws, &spec.name).await?.ok_or(error)?;
            check_owner("role", &spec.name, tags, &there.tags)?;
            (aws.notice)(Notice::Found);
        }
        Err(error) => return Err(error.into()),
    }
    put_role_policy(aws, &spec.name, &spec.policy_name, &spec.policy).await
}

/// Replaces the trust policy.
pub(crate) async fn set_trust(aws: Aws<'_>, role: &str, trust: &Value) -> Result<()> {
    let iam = aws.session.iam();
    let trust = trust.to_string();
    aws.call(SERVICE, "UpdateAssumeRolePolicy", role, || {
        iam.update_assume_role_policy().role_name(role).policy_document(&trust).send()
    })
    .await?;
    Ok(())
}

/// Writes an inline policy.
pub(crate) async fn put_role_policy(aws: Aws<'_>, role: &str, name: &str, policy: &Value) -> Result<()> {
    let iam = aws.session.iam();
    let policy = policy.to_string();
    aws.needing(&[needed(role)])
        .call(SERVICE, "PutRolePolicy", role, || {
            iam.put_role_policy().role_name(role).policy_name(name).policy_document(&policy).send()
        })
        .await?;
    Ok(())
}

/// Sets the permissions boundary.
pub(crate) async fn set_boundary(aws: Aws<'_>, role: &str, boundary: &str) -> Result<()> {
    let iam = aws.session.iam();
    aws.call(SERVICE, "PutRolePermissionsBoundary", role, || {
        iam.put_role_permissions_boundary().role_name(role).permissions_boundary(boundary).send()
    })
    .await?;
    Ok(())
}

/// Adds tags.
pub(crate) async fn tag_role(aws: Aws<'_>, role: &str, tags: &Tags) -> Result<()> {
    let iam = aws.session.iam();
    aws.call(SERVICE, "TagRole", role, || {
        iam.tag_role().role_name(role).set_tags(Some(sdk_tags(tags))).send()
    })
    .await?;
    Ok(())
}

/// Detaches the managed policies, removes the inline ones, then the role. What is gone already is no error.
pub(crate) async fn delete_role(
    aws: Aws<'_>,
    role: &str,
    policies: &[String],
    attached: &[String],
) -> Result<()> {
    let iam = aws.session.iam();
    for arn in attached {
        let detached = aws.call(SERVICE, "DetachRolePolicy", role, || {
            iam.detach_role_policy().role_name(role).policy_arn(arn).send()
        });
        gone(detached.await.map(|_| ()))?;
    }
    for policy in policies {
        let removed = aws.call(SERVICE, "DeleteRolePolicy", role, || {
            iam.delete_role_policy().role_name(role).policy_name(policy).send()
        });
        gone(removed.await.map(|_| ()))?;
    }
    let deleted = aws.call(SERVICE, "DeleteRole", role, || iam.delete_role().role_name(role).send());
    Ok(gone(deleted.await.map(|_| ()))?)
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build().expect("key and value are set"))
        .collect()
}
