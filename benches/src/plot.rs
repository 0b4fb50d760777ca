//! A plot of growth, both axes logarithmic: what is linear is a straight line with the slope of the dashed ones.

use std::fmt::Write as _;
use std::time::Duration;

use crate::measure::Growth;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 64.0;
/// 1 to 100,000.
const DECADES_X: f64 = 5.0;
/// 0.1 ms to 1 s.
const FIRST_Y: f64 = -4.0;
const DECADES_Y: f64 = 4.0;
/// Two that those who see red and green alike can tell apart.
const COLOURS: [&str; 2] = ["#1f77b4", "#d95f02"];

fn x(number: f64) -> f64 {
    MARGIN + number.log10() / DECADES_X * (WIDTH - 2.0 * MARGIN)
}

fn y(seconds: f64) -> f64 {
    HEIGHT - MARGIN - (seconds.log10() - FIRST_Y) / DECADES_Y * (HEIGHT - 2.0 * MARGIN)
}

/// CPU time against number, a line for each series.
pub(crate) fn svg(series: &[(&str, &Growth)]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<title>CPU time of an invocation against the number of events and of records</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    for (decade, name) in ["1", "10", "100", "1,000", "10,000", "100,000"].iter().enumerate() {
        let at = x(10_f64.powf(decade as f64));
        line(&mut svg, (at, MARGIN), (at, HEIGHT - MARGIN), "stroke=\"#ddd\"");
        text(&mut svg, (at, HEIGHT - MARGIN + 18.0), "middle", "#333", name);
    }
    for (decade, name) in ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s"].iter().enumerate() {
        let at = y(10_f64.powf(FIRST_Y + decade as f64));
        line(&mut svg, (MARGIN, at), (WIDTH - MARGIN, at), "stroke=\"#ddd\"");
        text(&mut svg, (MARGIN - 6.0, at + 4.0), "end", "#333", name);
    }
    text(&mut svg, (WIDTH / 2.0, HEIGHT - 16.0), "middle", "#333", "in one invocation");
    text(
        &mut svg,
        (MARGIN, MARGIN - 20.0),
        "start",
        "#333",
        "CPU time of a warm invocation; dashed: strictly linear",
    );
    for (at, (name, growth)) in series.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let Some((most, time)) = growth.last() else { continue };
        let each = time.as_secs_f64() / *most as f64;
        // Where it leaves the plot at the bottom.
        let first = 10_f64.powf(FIRST_Y) / each;
        let dashed = format!("stroke=\"{colour}\" stroke-dasharray=\"4 4\" opacity=\"0.6\"");
        line(&mut svg, (x(first), y(first * each)), (x(*most as f64), y(time.as_secs_f64())), &dashed);
        let points: Vec<_> = growth.iter().map(|(number, time)| point(*number, *time)).collect();
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
        let label = format!("{name}: {:.2} µs each", each * 1e6);
        text(&mut svg, (MARGIN + 14.0, MARGIN + 20.0 + 18.0 * at as f64), "start", colour, &label);
    }
    svg.push_str("</svg>\n");
    svg
}

fn point(number: usize, time: Duration) -> (f64, f64) {
    (x(number as f64), y(time.as_secs_f64().max(10_f64.powf(FIRST_Y))))
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), style: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" {style}/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, colour: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>",
        at.0, at.1
    );
}
