//! Zips of forwarders other than the bundled one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cwl2le;

/// The command that writes the bundled forwarder of a new stack.
pub(crate) fn package(to: &Path) -> Command {
    let mut command = cwl2le();
    command.args(["package", "--arch", cwl2le::bundle::preferred().as_str(), "--to"]).arg(to);
    command
}

/// The bundled forwarder in a zip with this comment: the same program with another hash.
pub(crate) fn with_comment(folder: &Path, comment: &str) -> PathBuf {
    let file = folder.join(format!("{}.zip", comment.replace(' ', "-")));
    let made = package(&file).output().expect("cwl2le runs");
    assert!(made.status.success(), "{made:?}");
    let mut zip = std::fs::read(&file).expect("a zip");
    // A zip without a comment ends with its length: zero, in two bytes.
    let length = zip.split_off(zip.len() - 2);
    assert_eq!(length, [0, 0]);
    zip.extend(u16::try_from(comment.len()).expect("short").to_le_bytes());
    zip.extend(comment.as_bytes());
    std::fs::write(&file, zip).expect("written");
    file
}

/// An executable that Lambda takes and that ends at once with exit status 1.
pub(crate) fn that_ends_at_once(folder: &Path) -> PathBuf {
    let file = folder.join("broken.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&file).expect("a file"));
    zip.start_file("bootstrap", zip::write::SimpleFileOptions::default().unix_permissions(0o755))
        .expect("a file");
    zip.write_all(&exits()).expect("written");
    zip.finish().expect("a zip");
    file
}

/// A static executable for `x86_64` whose only work is `exit(1)`.
fn exits() -> Vec<u8> {
    // mov eax, 60 (exit); mov edi, 1; syscall
    const CODE: [u8; 12] = [0xb8, 60, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x0f, 0x05];
    /// Size of the header and of the one program header.
    const HEADERS: u64 = 64 + 56;
    const AT: u64 = 0x40_0000;
    let size = HEADERS + CODE.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    // An executable for x86_64.
    for half in [2_u16, 62] {
        elf.extend(half.to_le_bytes());
    }
    elf.extend(1_u32.to_le_bytes());
    // The entry, the place of the program header, no section headers.
    for word in [AT + HEADERS, 64, 0] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(0_u32.to_le_bytes());
    // Sizes of the headers, and one program header.
    for half in [64_u16, 56, 1, 64, 0, 0] {
        elf.extend(half.to_le_bytes());
    }
    // To load, readable and executable.
    for word in [1_u32, 5] {
        elf.extend(word.to_le_bytes());
    }
    for word in [0, AT, AT, size, size, 0x1000] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(CODE);
    elf
}
