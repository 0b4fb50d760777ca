//! Executables made by hand: just the ELF headers that decide whether Lambda would start them.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// `e_machine` of x86_64.
pub(super) const X86_64: u16 = 62;
/// `e_machine` of arm64.
pub(super) const ARM64: u16 = 183;

/// An executable in the making.
#[derive(Clone)]
pub(super) struct Elf {
    /// `e_machine`
    pub(super) machine: u16,
    /// The dynamic loader; none is a static executable.
    pub(super) loader: Option<&'static str>,
    /// Versions of libc.so.6 that it needs, and whether only weak symbols do.
    pub(super) versions: Vec<(&'static str, bool)>,
}

impl Default for Elf {
    fn default() -> Self {
        Self {
            machine: X86_64,
            loader: Some("/lib64/ld-linux-x86-64.so.2"),
            versions: vec![("GLIBC_2.2.5", false), ("GLIBC_2.34", false)],
        }
    }
}

impl Elf {
    /// The bytes: file header, one program header, three section headers, then loader, versions and strings.
    pub(super) fn bytes(&self) -> Vec<u8> {
        const PROGRAM: u64 = 64;
        const SECTIONS: u64 = PROGRAM + 56;
        const LOADER: u64 = SECTIONS + 3 * 64;
        let loader: Vec<u8> = self.loader.map(|l| [l.as_bytes(), b"\0"].concat()).unwrap_or_default();
        let mut strings = b"\0libc.so.6\0".to_vec();
        let mut needs = Vec::new();
        if !self.versions.is_empty() {
            put(&mut needs, &[(1, 2), (self.versions.len() as u64, 2), (1, 4), (16, 4), (0, 4)]);
        }
        for (index, (name, weak)) in self.versions.iter().enumerate() {
            let next = if index + 1 == self.versions.len() { 0 } else { 16 };
            let flags = if *weak { 2 } else { 0 };
            put(&mut needs, &[(0, 4), (flags, 2), (2, 2), (strings.len() as u64, 4), (next, 4)]);
            strings.extend_from_slice(name.as_bytes());
            strings.push(0);
        }
        let (loader_len, needs_len, strings_len) =
            (loader.len() as u64, needs.len() as u64, strings.len() as u64);
        let (needs_at, strings_at) = (LOADER + loader_len, LOADER + loader_len + needs_len);

        let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        put(&mut elf, &[(3, 2), (u64::from(self.machine), 2), (1, 4), (0, 8), (PROGRAM, 8), (SECTIONS, 8)]);
        put(&mut elf, &[(0, 4), (64, 2), (56, 2), (1, 2), (64, 2), (3, 2), (2, 2)]);
        // PT_INTERP, or PT_NULL in a static executable.
        let kind = if self.loader.is_some() { 3 } else { 0 };
        put(
            &mut elf,
            &[(kind, 4), (4, 4), (LOADER, 8), (0, 8), (0, 8), (loader_len, 8), (loader_len, 8), (1, 8)],
        );
        put(&mut elf, &[(0, 8); 8]);
        // SHT_GNU_VERNEED if there are any, linked to the strings; then SHT_STRTAB.
        let kind = if self.versions.is_empty() { 0 } else { 0x6fff_fffe };
        section(&mut elf, kind, needs_at, needs_len, 2);
        section(&mut elf, 3, strings_at, strings_len, 0);
        [elf, loader, needs, strings].concat()
    }
}

fn section(elf: &mut Vec<u8>, kind: u64, at: u64, len: u64, link: u64) {
    put(elf, &[(0, 4), (kind, 4), (0, 8), (0, 8), (at, 8), (len, 8), (link, 4), (1, 4), (8, 8), (0, 8)]);
}

/// Appends little-endian fields, each a value and its width.
fn put(to: &mut Vec<u8>, fields: &[(u64, usize)]) {
    for (value, width) in fields {
        to.extend_from_slice(&value.to_le_bytes()[..*width]);
    }
}

/// A zip with one file of any name and mode.
pub(super) fn zip(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .system(zip::System::Unix)
        .unix_permissions(mode);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, options).expect("a file");
    zip.write_all(content).expect("its content");
    zip.finish().expect("a zip").into_inner()
}
