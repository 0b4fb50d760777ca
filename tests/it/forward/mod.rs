//! `cwl2le forward` as a process, without AWS.

mod events;
mod input;
mod output;
