//! The pictures of the documentation: drawn from what `cwl2le` really writes, and compared with it.

#![cfg(unix)]

mod demo;
mod draw;
mod stack;
