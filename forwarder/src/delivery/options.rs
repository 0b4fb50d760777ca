//! What a forwarder needs to know besides its configuration.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use super::retries::Retries;
use crate::aws::Aws;
use crate::destination::{Sink, Timeouts};
use crate::quarantine;
use crate::record::payload::Cap;
use crate::secret::Store;

/// What a forwarder needs to know besides its configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// The function's own log group, whose events are never forwarded.
    pub own_log_group: Option<String>,
    /// More log groups of functions of the stack, where it is known what they are named.
    pub other_log_groups: BTreeSet<String>,
    /// The account that the function runs in, once it is known. Without it, every log group with a name like
    /// `own_log_group` is the function's own, whichever account it is in: that loses the events of another account's
    /// forwarder, but never makes a loop.
    pub own_account: Option<String>,
    /// How large a record may become.
    pub cap: Cap,
    /// How long destinations wait.
    pub timeouts: Timeouts,
    /// How often destinations are tried.
    pub retries: Retries,
    /// The texts that the configuration refers to.
    pub store: Rc<Store>,
    /// The AWS region of the stream; empty where it is not known.
    pub region: String,
    /// Takes what would be sent, in the place of the network.
    pub sink: Option<Rc<dyn Sink>>,
    /// AWS as the function's role; needed where there is a quarantine.
    pub aws: Option<Aws>,
    /// Whether a batch that failed comes again as a whole, as it never does from AWS: then all that was delivered of it
    /// is remembered, also what is before the checkpoint.
    pub comes_whole: bool,
    /// How long an S3 that takes nothing holds records up.
    pub quarantine_patience: Duration,
}

impl Options {
    /// For looking at what would be sent: nothing is connected to, no secret is read and none is shown.
    pub fn dry(sink: Rc<dyn Sink>) -> Self {
        Self { store: Rc::new(Store::stand_in()), sink: Some(sink), ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            own_log_group: None,
            other_log_groups: BTreeSet::new(),
            own_account: None,
            cap: Cap::for_memory(128),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            store: Rc::default(),
            region: String::new(),
            sink: None,
            aws: None,
            comes_whole: false,
            quarantine_patience: quarantine::PATIENCE,
        }
    }
}
