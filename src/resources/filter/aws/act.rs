//! Carries out the changes to subscription filters.

use super::filter::{delete_filter, put_filter};
use super::replace;
use crate::aws::Aws;
use crate::error::Result;
use crate::resources::filter::Action;

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Put(spec) => put_filter(aws, spec).await,
        Action::Replace { name, put } => replace::filter(aws, name, put).await,
        Action::Delete { log_group, name } => delete_filter(aws, log_group, name).await,
    }
}
