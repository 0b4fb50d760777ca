//! `cwl2le status`: what it takes.

mod calls;
