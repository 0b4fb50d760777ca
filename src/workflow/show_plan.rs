//! Shows a plan that is longer than the window before anything is asked or reported.

use super::context::Context;
use crate::flags::Detail;
use crate::resources::{Extent, Plan};

/// How much of a plan is still to be shown: one that was asked for in detail and is longer than the window goes through
/// the pager first, and then only its total is left.
pub(crate) fn page(context: Context<'_>, detail: Detail, plan: &Plan) -> Extent {
    if !detail.detail {
        return Extent::Brief;
    }
    if detail.no_pager || context.live.is_json() || !context.live.is_terminal() {
        return Extent::Everything;
    }
    // Ctrl-C goes to the pager as well, which only stops what it is doing.
    let _reading = context.stop.idle();
    let text = plan.shown(Extent::Everything).to_string();
    let paged = context.progress.suspend(|| tokio::task::block_in_place(|| context.live.page(&text)));
    if paged { Extent::Total } else { Extent::Everything }
}
