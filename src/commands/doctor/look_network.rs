//! Reads what lies around the private network of the functions.

use cwl2le_forwarder::config::Config;

use super::finding::Finding;
use super::look_around::unread;
use super::placed::Placed;
use crate::aws::Session;
use crate::aws::network::surroundings;
use crate::error::Result;
use crate::resources::Network;

/// Reads it; none for functions outside of a VPC.
///
/// # Errors
/// A stop.
pub(super) async fn look_network(
    session: &Session,
    network: Option<&Network>,
    config: Option<Config>,
) -> Result<Result<Option<Placed>, Finding>> {
    let Some(network) = network.filter(|network| network.is_private()) else { return Ok(Ok(None)) };
    let read = surroundings(session.into(), &network.subnets, &network.security_groups).await;
    let region = session.target.region.clone();
    let placed = |around| Some(Placed { network: network.clone(), around, config, region });
    unread(read.map(placed).map_err(Into::into))
}
