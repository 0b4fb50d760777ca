//! The IAM documents: what they say, that they are enough, and that nothing in them is too much.

mod cases;
mod documents;
mod escalation;
mod members;
mod no_rights;
mod on_call;
mod roles;
mod sufficient;
