//! The private network of the functions, with what lies around it. Values only.

use cwl2le_forwarder::config::Config;

use crate::aws::surroundings::Surroundings;
use crate::resources::Network;
use crate::stack::Region;

/// Where the functions are, or are to be.
#[derive(Debug)]
pub(super) struct Placed {
    /// Their subnets and security groups.
    pub(super) network: Network,
    /// What EC2 says of them, of the routes and of the endpoints.
    pub(super) around: Surroundings,
    /// What the forwarder is configured to, if that is known: with whom it talks.
    pub(super) config: Option<Config>,
    /// The region.
    pub(super) region: Region,
}
