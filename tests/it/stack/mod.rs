//! What `setup`, `subscribe`, `unsubscribe` and `teardown` do in an account.

mod account_policy;
mod concurrent;
mod config_file;
mod doctor_pre;
mod drift;
mod export;
mod list;
mod many_groups;
mod members;
mod names;
mod network;
mod others;
mod plan_file;
mod shards;
mod stopped;
mod strict_control_plane;
mod unreadable;
mod upgrade;
mod versions;
