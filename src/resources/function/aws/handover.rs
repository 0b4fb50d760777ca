//! The time at which a destination moves to another function.

use crate::aws::Aws;
use crate::error::{Code, Error, Result};
use crate::resources::function::sharing::MARGIN;

/// Goes on only while this time is still ahead.
///
/// # Errors
///
/// [`Code::NotReady`] where it is not: nothing is lost, since the function that would let go serves everything.
pub(crate) fn before_handover(aws: Aws<'_>, at: u64) -> Result<()> {
    if aws.session.time() + MARGIN < at {
        return Ok(());
    }
    let message =
        "the new function of a destination was not ready before the time at which it was to take over";
    Err(Error::new(Code::NotReady, message)
        .hint("nothing is lost: until then both functions deliver; run the same command again, with --handover 300 where updates take long"))
}
