//! What is bundled runs on Lambda, and what would not run is refused with a reason.

mod fake;

use std::fs;
use std::path::{Path, PathBuf};

use fake::{Elf, zip};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::error::{Code, Error, Result};
use crate::resources::{Arch, Bundle};

/// What `--forwarder-zip` makes of a zip.
fn load(zip: &[u8], arch: Arch) -> Result<Bundle> {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("forwarder.zip");
    fs::write(&path, zip).expect("a file");
    let hidden = |text: String| text.replace(&dir.path().display().to_string(), "DIR");
    from_zip_file(&path, Some(arch)).map_err(|error| Error {
        message: hidden(error.message),
        resource: error.resource.map(hidden),
        ..error
    })
}

fn refused(zip: &[u8]) -> Error {
    let error = load(zip, Arch::X86_64).expect_err("a refusal");
    assert_eq!(error.code, Code::BadBundle);
    assert_eq!(error.resource.as_deref(), Some("DIR/forwarder.zip"));
    assert!(error.hint.is_some());
    error
}

fn refused_elf(elf: &Elf) -> String {
    refused(&pack(&elf.bytes())).message
}

fn pack(bootstrap: &[u8]) -> Vec<u8> {
    archive::pack(bootstrap).expect("a zip")
}

#[test]
fn what_is_bundled_runs_on_lambda() {
    for arch in available() {
        let bundle = bundled(arch).expect("a bundle");
        let info = inspect(&bundle).expect("its description");
        assert_eq!((bundle.arch, info.arch), (arch, arch));
        assert_eq!(bundle.sha256, info.code_sha256);
        assert!(info.zip_size < info.size && info.zip_size < MAX_ZIP);
        // What `docs/performance.md` promises: a larger one starts slower.
        assert!(info.zip_size < 3_000_000, "{} bytes", info.zip_size);
        assert!(info.glibc <= Some(Glibc::LAMBDA));
    }
}

#[test]
fn the_host_that_can_build_for_lambda_has_a_bundle() {
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))
        && option_env!("CWL2LE_FORWARDER_X86_64").is_none()
    {
        assert!(available().any(|arch| arch == Arch::X86_64));
    }
}

#[test]
fn a_binary_without_the_bundle_says_how_to_get_one() {
    insta::assert_debug_snapshot!(error::none(Arch::Arm64, [Arch::X86_64].into_iter()));
}

#[test]
fn a_zip_of_ones_own_is_taken_as_it_is() {
    let mine = zip("bootstrap", 0o100_555, &Elf::default().bytes());
    let bundle = load(&mine, Arch::X86_64).expect("a bundle");
    assert_eq!(*bundle.zip, *mine);
    assert_eq!(inspect(&bundle).expect("its description").glibc, Some(Glibc::LAMBDA));
}

#[test]
fn a_static_executable_needs_no_glibc() {
    for (machine, arch) in [(fake::X86_64, Arch::X86_64), (fake::ARM64, Arch::Arm64)] {
        let elf = Elf { machine, loader: None, versions: Vec::new() };
        let bundle = load(&pack(&elf.bytes()), arch).expect("a bundle");
        let info = inspect(&bundle).expect("its description");
        assert_eq!((info.arch, info.glibc), (arch, None));
    }
}

#[test]
fn the_other_architecture_is_refused() {
    let elf = Elf { machine: fake::ARM64, loader: Some("/lib/ld-linux-aarch64.so.1"), ..Elf::default() };
    let zip = pack(&elf.bytes());
    insta::assert_debug_snapshot!(refused(&zip));
    assert!(load(&zip, Arch::Arm64).is_ok());
}

#[test]
fn a_newer_glibc_is_refused() {
    let elf = Elf { versions: vec![("GLIBC_2.34", false), ("GLIBC_2.38", false)], ..Elf::default() };
    insta::assert_debug_snapshot!(refused(&pack(&elf.bytes())));
    let relr = Elf { versions: vec![("GLIBC_2.34", false), ("GLIBC_ABI_DT_RELR", false)], ..Elf::default() };
    assert!(refused_elf(&relr).ends_with("needs glibc 2.36, but Lambda's provided.al2023 has 2.34"));
    let private = Elf { versions: vec![("GLIBC_PRIVATE", false)], ..Elf::default() };
    assert!(refused_elf(&private).ends_with("needs GLIBC_PRIVATE, which Lambda may not have"));
}

#[test]
fn a_newer_glibc_that_only_weak_symbols_need_is_taken() {
    let elf = Elf { versions: vec![("GLIBC_2.17", false), ("GLIBC_2.39", true)], ..Elf::default() };
    let bundle = load(&pack(&elf.bytes()), Arch::X86_64).expect("a bundle");
    let glibc = inspect(&bundle).expect("its description").glibc.expect("a version");
    assert_eq!(glibc.to_string(), "2.17");
}

#[test]
fn the_real_forwarder_with_a_newer_glibc_is_refused() {
    let Ok(bundle) = bundled(Arch::X86_64) else { return };
    let mut elf = unpack::bootstrap(&bundle.zip).expect("the executable");
    let version = inspect(&bundle).expect("its description").glibc.expect("a version");
    let needle = format!("GLIBC_{version}\0");
    let at = elf.windows(needle.len()).position(|window| window == needle.as_bytes()).expect("its name");
    let newer =
        needle.replace(&version.to_string(), &"2.99".chars().take(needle.len() - 7).collect::<String>());
    elf[at..at + needle.len()].copy_from_slice(newer.as_bytes());
    assert!(refused(&pack(&elf)).message.contains("needs glibc 2.99"));
}

#[test]
fn a_loader_that_lambda_does_not_have_is_refused() {
    let musl = Elf { loader: Some("/lib/ld-musl-x86_64.so.1"), versions: Vec::new(), ..Elf::default() };
    assert!(refused_elf(&musl).contains("needs the loader `/lib/ld-musl-x86_64.so.1`"));
    let unversioned = Elf { versions: Vec::new(), ..Elf::default() };
    assert!(refused_elf(&unversioned).contains("does not say to which version of glibc"));
}

#[test]
fn what_is_no_executable_is_refused() {
    let reason = |bootstrap: &[u8]| refused(&pack(bootstrap)).message;
    assert!(reason(b"#!/bin/sh\n").ends_with("has a `bootstrap` that is not an ELF executable"));
    assert!(reason(b"").ends_with("has a `bootstrap` that is not an ELF executable"));
    assert!(reason(b"\x7fELF").ends_with("has a `bootstrap` that is not a 64-bit ELF executable"));
    let risc_v = Elf { machine: 243, ..Elf::default() };
    assert!(refused_elf(&risc_v).contains("a processor that Lambda does not have (ELF machine 243)"));
}

#[test]
fn a_zip_without_a_runnable_bootstrap_is_refused() {
    let elf = Elf::default().bytes();
    let reason = |zip: &[u8]| refused(zip).message;
    assert!(reason(b"PK no").contains("cannot be read as a zip"));
    assert!(reason(&[]).contains("cannot be read as a zip"));
    assert!(reason(&zip("bin/bootstrap", 0o755, &elf)).ends_with("has no file `bootstrap` at its top"));
    assert!(reason(&zip("bootstrap", 0o644, &elf)).ends_with("but its mode is 0644"));
    assert!(reason(&zip("bootstrap", 0o700, &elf)).ends_with("but its mode is 0700"));
    let whole = pack(&elf);
    assert!(reason(&whole[..whole.len() - 30]).contains("cannot be read as a zip"));
}

#[test]
fn a_zip_made_on_dos_without_modes_is_refused() {
    let mut zip = pack(&Elf::default().bytes());
    // The central directory says which system made the zip, and the mode.
    let entry = zip.windows(4).position(|window| window == b"PK\x01\x02").expect("the central directory");
    zip[entry + 5] = 0;
    zip[entry + 38..entry + 42].fill(0);
    assert!(
        refused(&zip).message.ends_with("has a `bootstrap` without a mode, so it would not be executable")
    );
}

#[test]
fn a_damaged_file_in_the_zip_is_refused() {
    let mut zip = zip("bootstrap", 0o755, &Elf::default().bytes());
    let at = zip.windows(4).position(|window| window == b"\x7fELF").expect("the executable");
    zip[at + 4] ^= 1;
    assert!(refused(&zip).message.contains("cannot be unpacked"));
}

#[test]
fn a_zip_that_is_not_there_is_an_error_of_the_environment() {
    let error = from_zip_file(&PathBuf::from("no/such.zip"), None).expect_err("a refusal");
    assert_eq!((error.code, error.resource.as_deref()), (Code::Environment, Some("no/such.zip")));
    assert!(error.hint.is_some());
}

#[test]
fn a_package_says_what_was_written() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("a forwarder.zip");
    let bundle = load(&pack(&Elf::default().bytes()), Arch::X86_64).expect("a bundle");
    let mut package = Package::write(&bundle, &path).expect("a report");
    assert_eq!(fs::read(&path).expect("the zip"), *bundle.zip);
    package.path = "a forwarder.zip".to_owned();
    // The bytes of the zip depend on the version of the compressor, what is said about them does not.
    (package.info.zip_size, package.info.sha256) = (300, "0f1e".to_owned());
    package.info.code_sha256 = "Dx4=".to_owned();
    insta::assert_snapshot!(package);
    insta::assert_json_snapshot!(package);
}

#[test]
fn a_package_that_cannot_be_written_says_where() {
    let bundle = load(&pack(&Elf::default().bytes()), Arch::X86_64).expect("a bundle");
    let error = Package::write(&bundle, &PathBuf::from("no/such/dir.zip")).expect_err("a refusal");
    assert_eq!((error.code, error.resource.as_deref()), (Code::Environment, Some("no/such/dir.zip")));
}

proptest! {
    #[test]
    fn the_same_bytes_are_always_the_same_zip(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let zip = pack(&bytes);
        prop_assert_eq!(&zip, &pack(&bytes));
        prop_assert_eq!(unpack::bootstrap(&zip).expect("what was packed"), bytes);
    }

    #[test]
    fn no_executable_that_is_cut_short_passes(cut in 0usize..1000) {
        let whole = Elf::default().bytes();
        let cut = cut % whole.len();
        prop_assert!(elf::read(&whole[..cut]).is_err());
    }

    #[test]
    fn no_bytes_make_the_checks_panic(at in 0usize..600, value: u8, junk in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut elf = Elf::default().bytes();
        let at = at % elf.len();
        elf[at] = value;
        let _ = elf::read(&elf);
        let mut zip = pack(&elf);
        let at = at % zip.len();
        zip.splice(at..at, junk);
        let _ = unpack::bootstrap(&zip);
    }
}

/// What a build is made from has the same name on every machine, and another one after every change.
#[test]
fn the_source_is_the_same_wherever_it_is_built_and_another_one_after_a_change() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = source::hash(workspace).expect("a hash");
    assert_eq!(own, env!("CWL2LE_SOURCE"), "the hash of the build");

    let elsewhere = TempDir::new().expect("a folder");
    let copy = elsewhere.path();
    let write = |name: &str, content: &[u8]| {
        let path = copy.join(name);
        fs::create_dir_all(path.parent().expect("a folder"))
            .and_then(|()| fs::write(path, content))
            .expect("written");
    };
    write("Cargo.toml", b"[package]\n");
    for name in ["Cargo.lock", "forwarder/Cargo.toml", "src/bundle/compile.rs", "src/bundle/archive.rs"] {
        write(name, name.as_bytes());
    }
    write("forwarder/src/main.rs", b"fn main() {\n}\n");
    write("forwarder/src/deep/er.rs", b"");
    let before = source::hash(copy).expect("a hash");
    assert_ne!(before, own);
    // Neither an editor's hidden file nor a checkout with other line endings is a change.
    write("forwarder/src/.main.rs.swp", b"x");
    write("forwarder/src/main.rs", b"fn main() {\r\n}\r\n");
    assert_eq!(source::hash(copy).expect("a hash"), before);
    let mut seen = vec![before];
    for (name, content) in [
        ("Cargo.toml", "[package]\nversion = \"2\"\n"),
        ("Cargo.lock", "another"),
        ("forwarder/src/deep/er.rs", "\n"),
        ("forwarder/src/deep/est.rs", "\n"),
        ("src/bundle/compile.rs", "--flag"),
    ] {
        write(name, content.as_bytes());
        let after = source::hash(copy).expect("a hash");
        assert!(!seen.contains(&after), "{name}");
        seen.push(after);
    }
    fs::remove_file(copy.join("Cargo.lock")).expect("removed");
    assert!(source::hash(copy).expect_err("no hash").contains("Cargo.lock"));
}
