//! The IAM documents, rendered from `policies/*.json`.

mod people;
mod roles;
mod template;

pub use people::{People, boundary, everyday, operator};
pub use roles::{
    Grants, also_log_to, function_policy, function_trust, logs_policy, logs_trust, may_read, secret_keys,
};
