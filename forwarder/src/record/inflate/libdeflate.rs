//! The calls to libdeflate.
#![allow(unsafe_code, reason = "the library is written in C")]

use std::ptr::NonNull;

use libdeflate_sys::{
    libdeflate_alloc_decompressor, libdeflate_crc32, libdeflate_decompressor, libdeflate_free_decompressor,
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
        let whole = result == libdeflate_result_LIBDEFLATE_SUCCESS && read == data.len() && written == size;
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

/// The checksum of gzip.
pub(super) fn crc32(data: &[u8]) -> u32 {
    // SAFETY: the library reads `data.len()` bytes of the pointer.
    unsafe { libdeflate_crc32(0, data.as_ptr().cast(), data.len()) }
}
