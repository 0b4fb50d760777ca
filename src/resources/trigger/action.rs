//! What can be done to an event source mapping.

use super::desired::TriggerSpec;
use crate::plan::{Kind, Reads, ResourceId};
use crate::stack::{Names, Tags};

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Trigger;

impl Kind {
    /// An event source mapping.
    pub const TRIGGER: Self = Self::new("trigger").reads(Reads::Stream);
}

impl ResourceId {
    /// The event source mapping from the stream to the function of these names.
    pub(crate) fn trigger(names: &Names) -> Self {
        Self::new(Kind::TRIGGER, &names.function).reading(&names.stream)
    }
}

/// One change to an event source mapping, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the event source mapping to the alias of this function, and wait until it is Enabled.
    Create { function: String, stream_arn: String, spec: TriggerSpec, tags: Tags },
    /// Wait until the mapping is Enabled.
    Await { uuid: String },
    /// Wait until the mapping that is being deleted is gone.
    AwaitGone { uuid: String },
    /// Set every field of the mapping, enable it and wait; with `function`, have it call the alias of that one, from its
    /// checkpoint on.
    Update { uuid: String, function: Option<String>, spec: TriggerSpec },
    /// Delete the mapping and wait until it is gone.
    Delete { uuid: String },
}
