//! What AWS takes: the limits that flags and the configuration file are checked against before anything changes.
//!
//! [`model`] has the limits of AWS's API models as they stand there, [`text`] what they mean for names, tags,
//! patterns and ARNs. [`quotas`] has quotas, which the models leave wider or open; where they are from stands
//! with each. The range of a setting stands with it, in `settings`.

pub mod model;
mod quotas;
#[cfg(test)]
mod tests;
mod text;

pub use quotas::{
    ACCOUNT_POLICY_NAME_LENGTH, FUNCTION_NAME_LENGTH, LOG_RETENTION_DAYS, ROLE_POLICY_SIZE, TAGS,
    TIMEOUT_SECONDS, log_retention,
};
pub use text::{
    Checked, account_policy_name, assumed_role, bucket_owner, email_address, external_id, filter_name,
    filter_pattern, is_key_id, kms_key, kms_key_arn, log_group, log_group_glob, on_failure, organization,
    parameter, permissions_boundary, quarantine, role_path, secret, security_group, session_name, subnet,
    tag_key, tag_value, topic,
};
