//! Reads what exists of a stack, as far as it may be read.

use std::time::Duration;

use super::seen::Seen;
use crate::aws::Session;
use crate::error::Result;
use crate::resources::{Depth, Unread, observe_what_is_allowed};
use crate::settings;
use crate::stack::StackName;

/// Maximum time for one read.
const LIMIT: Duration = Duration::from_secs(10);

/// Reads the parts that a canary passes. Only the function must be readable, because its configuration says where the
/// canary goes: whatever else is denied is not known.
///
/// # Errors
/// Whatever reading the function fails with; if the user stops it.
pub(super) async fn look(session: &Session, name: &StackName) -> Result<Seen> {
    let (scope, observed, mut unread) = observe_what_is_allowed(session, name, Depth::Stack, LIMIT).await?;
    if let Some(error) = unread.remove(&Unread::Function) {
        return Err(error);
    }
    let stack = settings::bare_stack(name, &session.target, scope, &observed);
    Ok(Seen { stack, observed, unread })
}
