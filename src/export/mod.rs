//! Templates of other tools: what a plan creates, as CloudFormation or Terraform declares it.
//!
//! Each kind of resource says in its own folder what stands for it (`declare.rs`). Here is what holds for all kinds: the
//! template as a value, and how it is written. Pure: no SDK, no tokio, no clock.

mod cloudformation;
mod portable;
mod template;
mod terraform;
#[cfg(test)]
mod tests;

pub(crate) use cloudformation::{code, json, tags, yaml};
pub(crate) use template::{Declared, Ids, Parameter, Template};
pub(crate) use terraform::{block, expression, hcl, json_text, reference_to, tf_json};
