//! Plots as SVG, with a logarithmic horizontal axis.
//!
//! Their colours have enough contrast on white and on black, because an image does not know the background of its page.

use std::fmt::{self, Write};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// The area of the lines.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 32.0;
const TOP: f64 = 74.0;
const BOTTOM: f64 = 52.0;

const INK: &str = "#6e7781";
const FONT: &str = r#"font-family="sans-serif" font-size="13""#;
/// Each line has a dash pattern, too, for readers who cannot distinguish the colours.
const STYLES: [(&str, &str); 6] = [
    ("#2f81f7", "none"),
    ("#d4720b", "8 4"),
    ("#2da44e", "2 3"),
    ("#a371f7", "10 3 2 3"),
    ("#e5534b", "5 5"),
    ("#1b9e9e", "1 2"),
];

/// The vertical axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// Powers of ten.
    Logarithmic,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// The title above it.
    pub title: String,
    /// The label of the horizontal axis.
    pub x_label: String,
    /// The label of the vertical axis, with its unit.
    pub y_label: String,
    /// The vertical axis.
    pub scale: Scale,
    /// The lines. Coordinates on logarithmic axes are positive.
    pub series: Vec<Series>,
}

/// An axis: the values at its ends, and those with a label.
struct Axis {
    scale: Scale,
    min: f64,
    max: f64,
    ticks: Vec<f64>,
}

impl Axis {
    fn new(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        match scale {
            Scale::Linear => {
                let step = round_step(largest / 5.0);
                let count = (largest / step).ceil();
                let ticks: Vec<f64> =
                    (0..6).map(|number| f64::from(number) * step).filter(|it| *it <= count * step).collect();
                Self { scale, min: 0.0, max: count * step, ticks }
            }
            Scale::Logarithmic => {
                let smallest = values.fold(largest, f64::min);
                let (first, last) = (smallest.log10().floor(), largest.log10().ceil());
                let last = if last > first { last } else { first + 1.0 };
                let decades = (0..20).map(|number| first + f64::from(number)).take_while(|decade| *decade <= last);
                Self { scale, min: first, max: last, ticks: decades.map(|decade| 10_f64.powf(decade)).collect() }
            }
        }
    }

    /// Returns the position of a value, from 0 to 1.
    fn position(&self, value: f64) -> f64 {
        let value = if self.scale == Scale::Linear { value } else { value.log10() };
        (value - self.min) / (self.max - self.min)
    }
}

impl Plot {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.series.iter().flat_map(|series| series.points.iter().copied())
    }

    fn write(&self, out: &mut impl Write) -> fmt::Result {
        let (title, x_label, y_label) = (escaped(&self.title), escaped(&self.x_label), escaped(&self.y_label));
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {FONT} fill="{INK}">"#
        )?;
        writeln!(out, "<title>{title}</title>")?;
        writeln!(out, r#"<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{title}</text>"#)?;
        let (middle_x, middle_y) = ((LEFT + WIDTH - RIGHT) / 2.0, (TOP + HEIGHT - BOTTOM) / 2.0);
        let bottom = HEIGHT - 12.0;
        writeln!(out, r#"<text x="{middle_x}" y="{bottom}" text-anchor="middle">{x_label}</text>"#)?;
        writeln!(
            out,
            r#"<text x="16" y="{middle_y}" text-anchor="middle" transform="rotate(-90 16 {middle_y})">{y_label}</text>"#
        )?;
        let x_axis = Axis::new(Scale::Logarithmic, self.points().map(|point| point.0));
        let y_axis = Axis::new(self.scale, self.points().map(|point| point.1));
        let x = |value| LEFT + x_axis.position(value) * (WIDTH - LEFT - RIGHT);
        let y = |value| HEIGHT - BOTTOM - y_axis.position(value) * (HEIGHT - TOP - BOTTOM);
        for tick in &x_axis.ticks {
            let (x, bottom, below) = (x(*tick), HEIGHT - BOTTOM, HEIGHT - BOTTOM + 18.0);
            line(out, (x, TOP), (x, bottom))?;
            writeln!(out, r#"<text x="{x:.1}" y="{below}" text-anchor="middle">{}</text>"#, grouped(*tick))?;
        }
        for tick in &y_axis.ticks {
            let (y, left, right, before) = (y(*tick), LEFT, WIDTH - RIGHT, LEFT - 8.0);
            line(out, (left, y), (right, y))?;
            writeln!(
                out,
                r#"<text x="{before}" y="{y:.1}" text-anchor="end" dominant-baseline="middle">{}</text>"#,
                grouped(*tick)
            )?;
        }
        self.write_legend(out)?;
        for (series, (colour, dash)) in self.series.iter().zip(STYLES.into_iter().cycle()) {
            let points: Vec<String> =
                series.points.iter().map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1))).collect();
            writeln!(
                out,
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>"#,
                points.join(" ")
            )?;
            for point in &series.points {
                writeln!(out, r#"<circle cx="{:.1}" cy="{:.1}" r="3" fill="{colour}"/>"#, x(point.0), y(point.1))?;
            }
        }
        writeln!(out, "</svg>")
    }

    /// Writes the names of the lines, in two rows if there are many.
    fn write_legend(&self, out: &mut impl Write) -> fmt::Result {
        let columns = if self.series.len() > 3 { self.series.len().div_ceil(2) } else { self.series.len() };
        for (index, (series, (colour, dash))) in self.series.iter().zip(STYLES.into_iter().cycle()).enumerate() {
            let column = u32::try_from(index % columns).unwrap_or_default();
            let width = (WIDTH - LEFT - RIGHT) / f64::from(u32::try_from(columns).unwrap_or(1));
            let (x, y) = (LEFT + f64::from(column) * width, if index < columns { 42.0 } else { 60.0 });
            let (end, text_x, text_y) = (x + 24.0, x + 30.0, y + 4.0);
            writeln!(
                out,
                r#"<path d="M{x:.1} {y}H{end:.1}" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>"#
            )?;
            writeln!(out, r#"<text x="{text_x:.1}" y="{text_y}">{}</text>"#, escaped(&series.name))?;
        }
        Ok(())
    }
}

impl fmt::Display for Plot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

fn line(out: &mut impl Write, from: (f64, f64), to: (f64, f64)) -> fmt::Result {
    let ((x1, y1), (x2, y2)) = (from, to);
    writeln!(
        out,
        r#"<path d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}" stroke="{INK}" stroke-width="0.5" stroke-opacity="0.5"/>"#
    )
}

/// Returns 1, 2 or 5 times a power of ten that is at least this large.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= least).unwrap_or(least)
}

/// Returns a number with commas between groups of three digits.
fn grouped(number: f64) -> String {
    if number < 1.0 && number > 0.0 {
        return format!("{number}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{Axis, Plot, Scale, Series, grouped};

    #[test]
    fn axes_end_at_round_numbers() {
        let linear = Axis::new(Scale::Linear, [3.0, 47.0].into_iter());
        assert_eq!(linear.ticks, [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        let logarithmic = Axis::new(Scale::Logarithmic, [2.0, 1_000.0].into_iter());
        assert_eq!(logarithmic.ticks, [1.0, 10.0, 100.0, 1_000.0]);
        assert!((logarithmic.position(10.0) - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(Axis::new(Scale::Logarithmic, [10.0].into_iter()).ticks, [10.0, 100.0]);
    }

    #[test]
    fn labels_are_readable() {
        assert_eq!([0.0, 0.1, 20.0, 1_000.0, 100_000.0].map(grouped), ["0", "0.1", "20", "1,000", "100,000"]);
    }

    #[test]
    fn each_point_is_drawn_and_text_is_escaped() {
        let series = |name: &str| Series { name: name.into(), points: vec![(1.0, 5.0), (10.0, 20.0)] };
        let plot = Plot {
            title: "CPU < memory".into(),
            x_label: "feeds".into(),
            y_label: "ns".into(),
            scale: Scale::Linear,
            series: vec![series("one"), series("R&D")],
        };
        let svg = plot.to_string();
        assert_eq!(svg.matches("<circle").count(), 4);
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains("CPU &lt; memory</title>") && svg.contains(">R&amp;D</text>"), "{svg}");
        // From the lower left corner to the upper right one.
        assert!(svg.contains(r#"points="76.0,279.5 688.0,74.0""#), "{svg}");
    }
}
