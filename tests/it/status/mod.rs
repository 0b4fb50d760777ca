//! `cwl2le status`: its verdicts by real causes, what it takes, and what it does without a permission.

mod calls;
mod live;
mod partial;
