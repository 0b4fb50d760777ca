//! The network around a function: subnets, security groups, routes and endpoints, as values. Pure.

use std::collections::BTreeSet;

/// A subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// Number of IPv4 addresses that are free.
    pub(crate) free: u64,
}

/// A security group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// What may leave.
    pub(crate) egress: Vec<Egress>,
}

/// A rule for what may leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Egress {
    /// `tcp`, `-1` for everything, and so on.
    pub(crate) protocol: String,
    /// The first and the last port; none for all.
    pub(crate) ports: Option<(u16, u16)>,
    /// Whether it is for every IPv4 address, or every IPv6 one.
    pub(crate) is_to_all: bool,
    /// Whether it is for any address, group or list at all.
    pub(crate) is_to_some: bool,
}

/// A route table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RouteTable {
    pub(crate) id: String,
    /// Whether it is that of the VPC, for subnets that have none of their own.
    pub(crate) is_main: bool,
    /// The subnets that it is for.
    pub(crate) subnets: BTreeSet<String>,
    pub(crate) routes: Vec<Route>,
}

/// A route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// An address range, or the id of a prefix list.
    pub(crate) to: String,
    /// What it leads to, by its id: `local`, `igw-...`, `nat-...` and so on.
    pub(crate) by: String,
    /// Whether what it leads to is gone.
    pub(crate) is_blackhole: bool,
}

/// An endpoint of a service in the VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct VpcEndpoint {
    pub(crate) id: String,
    /// Such as `com.amazonaws.eu-west-1.ssm`.
    pub(crate) service: String,
    /// `Interface`, `Gateway` and so on.
    pub(crate) kind: String,
    /// Such as `available`.
    pub(crate) state: String,
    /// Whether the usual name of the service has its address in the VPC.
    pub(crate) has_private_dns: bool,
    /// The route tables of a gateway.
    pub(crate) route_tables: BTreeSet<String>,
}

/// What is around a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) security_groups: Vec<SecurityGroup>,
    /// Those of the VPCs of the subnets, as the endpoints.
    pub(crate) route_tables: Vec<RouteTable>,
    pub(crate) endpoints: Vec<VpcEndpoint>,
}
