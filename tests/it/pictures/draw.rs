//! Draws what a command wrote as an SVG, and compares it with the one in the documentation.
//!
//! No two runs write the same: ports, account ids, times and rates differ. What only identifies, such as a port, is
//! replaced in the picture. What was measured is shown as it was, and left out of the comparison. Of what a loaded
//! machine changes most, a status, only the names of the rows are compared.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anstyle::{Color, RgbColor};
use anstyle_svg::{Palette, Term};
use regex::Regex;

const BACKGROUND: RgbColor = RgbColor(0x17, 0x18, 0x1d);
const FOREGROUND: RgbColor = RgbColor(0xdc, 0xde, 0xe4);

/// Red, green, yellow and cyan that can be read on [`BACKGROUND`]; nothing uses the others.
const PALETTE: Palette = {
    let unused = FOREGROUND;
    let (red, green) = (RgbColor(0xf0, 0x6a, 0x6a), RgbColor(0x57, 0xc7, 0x7a));
    let (yellow, cyan) = (RgbColor(0xe0, 0xc0, 0x5c), RgbColor(0x5c, 0xc4, 0xd6));
    let half = [unused, red, green, yellow, unused, unused, cyan, FOREGROUND];
    let [a, b, c, d, e, f, g, h] = half;
    Palette([a, b, c, d, e, f, g, h, a, b, c, d, e, f, g, h])
};

/// What identifies something in one run only, and what is drawn in its place: as long as it.
///
/// A period that spans midnight is written with its second date, and so are the times in it.
const IDENTIFIES: [(&str, &str); 8] = [
    (r"127\.0\.0\.1:\d{4,5}\b", "127.0.0.1:20514"),
    (r" to 20\d\d-\d\d-\d\d ", " to "),
    (r"\b20\d\d-\d\d-\d\d (\d\d:\d\d:\d\d\.\d\d\d)", "$1"),
    (r"\b1000000\d{5}\b", "123456789012"),
    (r"\b20\d\d-\d\d-\d\d([ T])\d\d:\d\d:\d\d", "2026-03-01${1}09:30:00"),
    (r"\d\d:\d\d:\d\d\.\d\d\d", "09:30:00.000"),
    (r"\b\d\d:\d\d:\d\d\b", "09:30:00"),
    ("09:30:00 to 09:30:00", "08:30:00 to 09:30:00"),
];

/// What is measured, in an SVG, and the size that follows from it. That lines may be sent twice is the promise.
/// What `status` must have said during the demo is checked by the demo; an outage has more than one true verdict.
const MEASURED: [(&str, &str); 7] = [
    ("\"[\\d.]+px\"", "\"N\""),
    (r"\b\d+(\.\d+)? ?(ms|s|min|h)\b( \d+ (ms|s|min)\b)?", "N s"),
    (r"\b\d[\d ]*(calls|records|bytes|kB|B)\b", "N $1"),
    (r"\b\d+ sent twice", "N sent twice"),
    (r"status: \w+, \w+, \w+", "status: as it was"),
    (r"\b\d+\.\d+\b", "N"),
    (r" +", " "),
];

/// What draws the pictures.
const AGAIN: &str = "run `CWL2LE_WRITE_DOCS=1 cargo test --test it pictures`";

/// Replaces all of these expressions.
fn replaced(text: &str, all: &[(&str, &str)]) -> String {
    all.iter().fold(text.to_owned(), |text, (pattern, with)| {
        Regex::new(pattern).expect("an expression").replace_all(&text, *with).into_owned()
    })
}

/// Asks for colours without a flag, which the commands to type next would repeat.
pub(super) fn colored(command: &mut Command) -> &mut Command {
    command.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR")
}

/// Runs a command with colours, standard output and standard error in the order in which a terminal shows them.
pub(super) fn written(command: &mut Command) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let open = || File::options().append(true).open(file.path()).expect("it opens");
    colored(command).stdin(Stdio::null()).stdout(open()).stderr(open());
    let status = command.status().expect("cwl2le runs");
    let text = std::fs::read_to_string(file.path()).expect("UTF-8");
    assert!(status.success() || status.code() == Some(8), "{status}: {text}");
    text
}

/// Compares what `command_line` wrote with `docs/pictures/NAME.svg`, or draws it there where `CWL2LE_WRITE_DOCS` is
/// set.
#[track_caller]
pub(super) fn picture(name: &str, command_line: &str, output: &str) {
    let now = drawn(name, command_line, output);
    let there = there(name);
    let (there, now) = (replaced(&there, &MEASURED), replaced(&now, &MEASURED));
    let differ = there.lines().zip(now.lines()).find(|(there, now)| there != now);
    assert!(there == now, "docs/pictures/{name}.svg is old: {AGAIN}\n{differ:#?}\n{output}");
}

/// The same, comparing only the names of the rows: each that is drawn is still written.
#[track_caller]
pub(super) fn picture_of_rows(name: &str, command_line: &str, output: &str) {
    let (now, there) = (rows(&drawn(name, command_line, output)), rows(&there(name)));
    assert!(there.len() > 4, "docs/pictures/{name}.svg has no rows: {AGAIN}");
    let gone: Vec<_> = there.difference(&now).collect();
    assert!(gone.is_empty(), "docs/pictures/{name}.svg is old: {AGAIN}\n{gone:?}\n{output}");
}

/// What `command_line` wrote as an SVG, which is kept where `CWL2LE_WRITE_DOCS` is set.
fn drawn(name: &str, command_line: &str, output: &str) -> String {
    let text = format!("$ {command_line}\n{}", replaced(output.trim_end(), &IDENTIFIES));
    let svg = Term::new()
        .palette(PALETTE)
        .fg_color(Color::Rgb(FOREGROUND))
        .bg_color(Color::Rgb(BACKGROUND))
        .render_svg(&text)
        // Browsers do not make parts of a text transparent, but what fills them.
        .replace(".dimmed { opacity: 0.4; }", ".dimmed { fill-opacity: 0.6; }");
    if std::env::var_os("CWL2LE_WRITE_DOCS").is_some() {
        let path = path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, &svg).expect("written");
    }
    svg
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/pictures/{name}.svg"))
}

/// The picture in the documentation.
fn there(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_default().replace("\r\n", "\n")
}

/// The names of the rows in an SVG: what is indented by two columns, up to the next gap.
fn rows(svg: &str) -> BTreeSet<String> {
    let text = replaced(svg, &[("<[^>]*>", "")]);
    let row = Regex::new(r"(?m)^    [ !?] ([a-z]+(?: [a-z]+)*)  ").expect("an expression");
    row.captures_iter(&text).map(|row| row[1].to_owned()).collect()
}

/// Waits until something is so.
///
/// # Panics
/// After five minutes.
pub(super) async fn until<T>(what: &str, is: impl AsyncFn() -> Result<T, String>) -> T {
    let end = tokio::time::Instant::now() + Duration::from_secs(300);
    loop {
        match is().await {
            Ok(value) => return value,
            Err(why) => assert!(tokio::time::Instant::now() < end, "waited for {what}: {why}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn pictures_differ_by_what_they_say_and_not_by_what_was_measured() {
    let same = |a: &str, b: &str| replaced(a, &MEASURED) == replaced(b, &MEASURED);
    assert!(same("✓ setup   0.9 s · 35 calls", "✓ setup  12.1 s · 9 calls"));
    assert!(same("flowing: 851 ms behind, 32 records", "flowing: 1 min 2 s behind, 9 records"));
    assert!(!same("75 of 75 lines delivered. 0 lost.", "74 of 75 lines delivered. 1 lost."));
    assert!(same("status: flowing, failing, flowing", "status: flowing, behind, quiet"));
    assert!(!same("✓ teardown: nothing is left", "✗ teardown: resources left: 1"));
    let fixed = replaced("127.0.0.1:45123 in 100000000017 at 2026-11-30T08:00:00.123Z", &IDENTIFIES);
    assert_eq!(fixed, "127.0.0.1:20514 in 123456789012 at 2026-03-01T09:30:00.000Z");
    let midnight = "2026-11-29 23:31:12 to 2026-11-30 00:31:12 UTC\n- 2026-11-30 00:31:11.123  dropped";
    let noon = "2026-11-30 11:31:12 to 12:31:12 UTC\n- 12:31:11.123  dropped";
    assert_eq!(replaced(midnight, &IDENTIFIES), replaced(noon, &IDENTIFIES));
}
