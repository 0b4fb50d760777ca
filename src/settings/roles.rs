//! `[roles]` and `[tags]`: what the roles and all resources have in common.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{PermissionsBoundary, RolePath};
use crate::flags::values::{Hyphened, key_value};
use crate::resources::Observed;

/// The roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Resources")]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Path of the roles, such as `/service/`
    #[arg(long = "role-path", hide_short_help = true, value_name = "PATH")]
    #[schemars(extend("default" = "/"))]
    pub path: Option<RolePath>,
    /// ARN of a permissions boundary for the roles
    #[arg(long, hide_short_help = true, value_name = "ARN")]
    #[schemars(example = "arn:aws:iam::123456789012:policy/boundary")]
    pub permissions_boundary: Option<PermissionsBoundary>,
}

impl Roles {
    /// The roles that are there. Where their paths differ, none is given.
    pub(super) fn observed(observed: &Observed) -> Option<Self> {
        let role = observed.function_role.as_ref()?;
        let is_same = observed.logs_role.as_ref().is_none_or(|logs| logs.path == role.path);
        Some(Self {
            path: is_same.then(|| RolePath::of_aws(role.path.clone())),
            permissions_boundary: role.boundary.clone().map(PermissionsBoundary::of_aws),
        })
    }
}

/// What all resources have.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Resources")]
pub struct Resources {
    /// The roles.
    #[command(flatten)]
    pub roles: Roles,
    /// Tag to add to every resource; repeatable
    #[arg(long = "tag", hide_short_help = true, value_name = "KEY=VALUE", allow_hyphen_values = true, value_parser = Hyphened(key_value))]
    pub tags: Vec<(String, String)>,
}
