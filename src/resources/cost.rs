//! What a stack costs a month, before and after the changes of a plan. Pure.

use super::{Observed, Stack, StreamMode, StreamStatus};
use crate::plan::Cost;
use crate::prices::{Capacity, Measured, Prices};

/// The bill of a stack: that of its stream, and of what it has used lately, where that is known.
pub(crate) fn cost(stack: &Stack, observed: &Observed, used: Option<&Measured>, prices: &Prices) -> Cost {
    let want = &stack.stream;
    let is = observed.stream.as_ref().filter(|stream| stream.status != StreamStatus::Deleting);
    let capacity = |mode: StreamMode, retention_hours| Capacity { shards: mode.shards(), retention_hours };
    let now = is.map(|is| capacity(is.mode, is.retention_hours));
    let planned = match is {
        None => capacity(want.mode.value, want.retention_hours.value),
        Some(is) => {
            let mode = want.mode.change_from(&is.mode).unwrap_or(&is.mode);
            let hours = want.retention_hours.change_from(&is.retention_hours).unwrap_or(&is.retention_hours);
            capacity(*mode, *hours)
        }
    };
    let month = |capacity: Capacity| {
        let used = used.cloned().unwrap_or_default();
        Measured { stream: Some(capacity), ..used }.charges()
    };
    Cost { traffic: used.is_some(), ..Cost::of(now.map(month), month(planned), prices) }
}
