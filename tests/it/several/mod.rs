//! One command in several environments of `cwl2le.toml`, side by side: two accounts, one of them by a role, and two
//! regions.

mod faults;
mod ground;
mod runs;
