//! Code that looks at 64 bytes at a time, with AVX2 on x86_64 where the processor has it, and with NEON on arm64.
//!
//! JSON inside a JSON string has a backslash about every fifth byte. To look for them one by one, and to copy the
//! pieces between them, takes most of the time of a line. A [`Kernel`] is written once, for blocks of 64 bytes. [`run`]
//! compiles it for each kind of [`Vectors`] and chooses one at run time.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod block;
mod choice;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod places;
#[cfg(any(test, not(target_arch = "aarch64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use block::{BLOCK, Kernel, Vectors, Window};
#[cfg(test)]
pub(crate) use choice::run_with_each;
pub(crate) use choice::{prefetch, run};
