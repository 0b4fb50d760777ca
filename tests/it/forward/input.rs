//! `cwl2le forward` over files as AWS, shells and people write them.

use std::io::Write;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Ran, TOKEN, cwl2le};

const CONFIG: &str = "default_destination = \"app\"\n[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\n\
                      token = { file = \"token\" }\n";

fn inputs(name: &str) -> String {
    format!("{}/fixtures/inputs/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn folder(config: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("cwl2le.toml"), config).expect("written");
    folder
}

fn forward(folder: &tempfile::TempDir, args: &[&str]) -> Command {
    let mut command = cwl2le();
    command
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .args(["forward", "--log-group", "/app/shop"])
        .args(args);
    command
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
}

#[test]
fn files_of_aws_and_of_powershell_are_read() {
    let folder = folder(CONFIG.as_bytes());
    for (name, message) in [
        ("awslogs.json", "direct"),
        ("on-failure-object.json", "order 17 paid"),
        ("get-records.json", "order 17 paid"),
        ("filter-log-events-utf16.json", "saved on Windows é"),
    ] {
        let ran: Ran = forward(&folder, &["--input", &inputs(name)]).output().expect("cwl2le runs").into();
        let ran = ran.ok();
        assert!(ran.stdout.ends_with(&format!(" {message}\n")), "{ran:?}");
        assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    }
}

/// Of the configuration, and of a token: it is read to deliver, and nobody is at the end of the wire.
#[test]
fn texts_are_read_in_every_encoding() {
    let config = "default_destination = \"app\"\n[destinations.app]\ntype = \"logentries\"\n\
                  endpoint = \"127.0.0.1:1\"\ntls = false\ntoken = { file = \"token\" }\n";
    let encodings: [fn(&str) -> Vec<u8>; 4] = [
        |text| text.as_bytes().to_vec(),
        |text| format!("\u{feff}{text}").into_bytes(),
        |text| utf16(text, u16::to_le_bytes),
        |text| utf16(text, u16::to_be_bytes),
    ];
    for encode in encodings {
        let folder = folder(&encode(config));
        std::fs::write(folder.path().join("token"), encode(&format!("{TOKEN}\r\n"))).expect("written");
        let input = inputs("awslogs.json");
        let ran: Ran =
            forward(&folder, &["--input", &input, "--to", "app"]).output().expect("cwl2le runs").into();
        // The configuration and the token are understood; the connection is what fails.
        assert_eq!(ran.code, 9, "{ran:?}");
        assert!(ran.stdout.contains("app: connect: 127.0.0.1:1"), "{ran:?}");
    }
}

/// 900 MB of address space are enough to say that it is too much.
#[cfg(target_os = "linux")]
#[test]
fn a_small_file_that_becomes_half_a_gigabyte_is_refused_and_not_fatal() {
    let folder = folder(CONFIG.as_bytes());
    for (start, says) in [
        ("{\"events\":[{\"message\":\"", "larger than 128 MiB"),
        ("2016-09-17T10:28:49.663Z ", "more than 16 MiB"),
    ] {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
        bomb.write_all(start.as_bytes()).expect("written");
        let megabyte = vec![b'A'; 1 << 20];
        (0..512).for_each(|_| bomb.write_all(&megabyte).expect("written"));
        let bomb = bomb.finish().expect("gzip");
        std::fs::write(folder.path().join("bomb.gz"), &bomb).expect("written");
        let command = forward(&folder, &["--input", "bomb.gz"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"ulimit -v 900000; exec "$@""#, "sh"]);
        shell.arg(command.get_program()).args(command.get_args()).current_dir(folder.path());
        let ran: Ran = shell.env("AWS_EC2_METADATA_DISABLED", "true").output().expect("sh runs").into();
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
}
