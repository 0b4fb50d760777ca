//! Decompression of one gzip member at once, by libdeflate.
//!
//! It takes half the time of what decompresses piece by piece, but has to know how much there is: a member says so
//! in its last four bytes. Whatever is not simply one whole member that keeps its word is left to others.

use std::cell::RefCell;

/// RFC 1952: ten bytes of header without flags, eight at the end.
const LEAST: usize = 18;

thread_local! {
    static DECOMPRESSOR: RefCell<Option<libdeflate::Decompressor>> = const { RefCell::new(None) };
}

/// Decompresses `data` into `out`, which is cleared first, if it is one gzip member without optional fields that is
/// whole and becomes at most `limit` bytes. `None` decides nothing about the data.
pub(crate) fn single_member(data: &[u8], limit: usize, out: &mut Vec<u8>) -> Option<()> {
    const FLAGS: usize = 3;
    let size = u32::from_le_bytes(*data.last_chunk::<4>().filter(|_| data.len() >= LEAST)?);
    let size = usize::try_from(size).ok().filter(|size| *size <= limit && data[FLAGS] == 0)?;
    out.clear();
    out.reserve_exact(size);
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        if decompressor.is_none() {
            *decompressor = libdeflate::Decompressor::new();
        }
        decompressor.as_mut()?.gzip_member(data, size, out)
    })
}

/// The calls to libdeflate.
#[allow(unsafe_code, reason = "the library is written in C")]
mod libdeflate {
    use std::ptr::NonNull;

    use libdeflate_sys::{
        libdeflate_alloc_decompressor, libdeflate_decompressor, libdeflate_free_decompressor,
        libdeflate_gzip_decompress_ex, libdeflate_result_LIBDEFLATE_SUCCESS,
    };

    /// The tables that decompression needs, to be used again.
    pub(super) struct Decompressor(NonNull<libdeflate_decompressor>);

    impl Decompressor {
        /// `None` when there is no memory for it.
        pub(super) fn new() -> Option<Self> {
            // SAFETY: it may be called at any time.
            NonNull::new(unsafe { libdeflate_alloc_decompressor() }).map(Self)
        }

        /// Appends what `data` holds, if that is one member and `size` bytes.
        pub(super) fn gzip_member(&mut self, data: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
            out.reserve(size);
            let room = out.spare_capacity_mut();
            let (mut read, mut written) = (0, 0);
            // SAFETY: the decompressor is alive and used by nobody else; the library reads `data.len()` bytes of the
            // first pointer and writes at most `size` of the second, which are there; both counts are valid.
            let result = unsafe {
                libdeflate_gzip_decompress_ex(
                    self.0.as_ptr(),
                    data.as_ptr().cast(),
                    data.len(),
                    room.as_mut_ptr().cast(),
                    size,
                    &raw mut read,
                    &raw mut written,
                )
            };
            let whole =
                result == libdeflate_result_LIBDEFLATE_SUCCESS && read == data.len() && written == size;
            if whole {
                // SAFETY: the library has written that many bytes behind the end.
                unsafe { out.set_len(out.len() + written) };
            }
            whole.then_some(())
        }
    }

    impl Drop for Decompressor {
        fn drop(&mut self) {
            // SAFETY: it came from the library and is not used any more.
            unsafe { libdeflate_free_decompressor(self.0.as_ptr()) }
        }
    }
}
