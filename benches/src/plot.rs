//! A plot of time against a number, with both axes logarithmic: linear growth is a straight line parallel to the dashed
//! ones.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Pairs of a number and the time for it.
pub(crate) type Growth = Vec<(usize, Duration)>;

/// The texts and the range of a plot.
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    /// The label of the vertical axis.
    pub(crate) says: &'static str,
    /// The label of the horizontal axis, from 1 to 100,000.
    pub(crate) number: &'static str,
    /// The time at the bottom, as a power of ten of a second.
    pub(crate) fastest: i32,
    /// The time at the top.
    pub(crate) slowest: i32,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 64.0;
/// From 1 to 100,000.
const DECADES_X: f64 = 5.0;
/// Distinguishable with red-green colour blindness.
const COLOURS: [&str; 2] = ["#1f77b4", "#d95f02"];

fn x(number: f64) -> f64 {
    MARGIN + number.log10() / DECADES_X * (WIDTH - 2.0 * MARGIN)
}

impl Plot {
    fn y(&self, seconds: f64) -> f64 {
        let share = (seconds.log10() - f64::from(self.fastest)) / f64::from(self.slowest - self.fastest);
        HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
    }

    /// Writes it as SVG: time against number, a line for each series.
    pub(crate) fn write(&self, file: &Path, series: &[(&str, &Growth)]) -> Result<(), String> {
        std::fs::write(file, self.svg(series)).map_err(|error| format!("`{}`: {error}", file.display()))
    }

    fn svg(&self, series: &[(&str, &Growth)]) -> String {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<title>{}</title>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n",
            self.title
        );
        for (decade, name) in ["1", "10", "100", "1,000", "10,000", "100,000"].iter().enumerate() {
            let at = x(10_f64.powf(decade as f64));
            line(&mut svg, (at, MARGIN), (at, HEIGHT - MARGIN), "stroke=\"#ddd\"");
            text(&mut svg, (at, HEIGHT - MARGIN + 18.0), "middle", "#333", name);
        }
        for decade in self.fastest..=self.slowest {
            let at = self.y(10_f64.powi(decade));
            line(&mut svg, (MARGIN, at), (WIDTH - MARGIN, at), "stroke=\"#ddd\"");
            text(&mut svg, (MARGIN - 6.0, at + 4.0), "end", "#333", &time(decade));
        }
        text(&mut svg, (WIDTH / 2.0, HEIGHT - 16.0), "middle", "#333", self.number);
        let says = format!("{}; dashed: strictly linear", self.says);
        text(&mut svg, (MARGIN, MARGIN - 20.0), "start", "#333", &says);
        for (at, (name, growth)) in series.iter().enumerate() {
            self.draw(&mut svg, at, name, growth);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn draw(&self, svg: &mut String, at: usize, name: &str, growth: &Growth) {
        let colour = COLOURS[at % COLOURS.len()];
        let Some((most, time)) = growth.last() else { return };
        let each = time.as_secs_f64() / *most as f64;
        let bottom = 10_f64.powi(self.fastest);
        // The dashed line begins at 1, or where it enters the plot at the bottom.
        let first = (bottom / each).max(1.0);
        let dashed = format!("stroke=\"{colour}\" stroke-dasharray=\"4 4\" opacity=\"0.6\"");
        let point = |number: f64, seconds: f64| (x(number), self.y(seconds.max(bottom)));
        line(svg, point(first, first * each), point(*most as f64, time.as_secs_f64()), &dashed);
        let points: Vec<_> =
            growth.iter().map(|(number, time)| point(*number as f64, time.as_secs_f64())).collect();
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
        let (value, unit) = if each < 1e-3 { (each * 1e6, "µs") } else { (each * 1e3, "ms") };
        let label = format!("{name}: {value:.2} {unit} each");
        text(svg, (MARGIN + 14.0, MARGIN + 20.0 + 18.0 * at as f64), "start", colour, &label);
    }
}

/// A power of ten of a second with its unit.
fn time(decade: i32) -> String {
    let (unit, decade) = match decade {
        0.. => ("s", decade),
        -3.. => ("ms", decade + 3),
        _ => ("µs", decade + 6),
    };
    format!("{} {unit}", 10_f64.powi(decade))
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
