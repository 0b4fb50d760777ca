//! How much of a stack is read.

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What setup and subscribe decide on: the stack's own resources, of a role only the stack's own policy, and the
    /// log groups that are named.
    Stack,
    /// Also what others attached: all policies of the roles, the forwarder's triggers from elsewhere, and every log
    /// group of the region, because filters carry no tags and are found only by looking.
    Everything,
}
