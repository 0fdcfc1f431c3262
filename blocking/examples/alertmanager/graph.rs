//! The alerts of the last 24 hours as a bar chart.

use teamwire_blocking::chrono::{DateTime, Utc};

/// Number of bars, and height of the image in pixels.
const HOURS: i64 = 24;
const HEIGHT: usize = 96;

/// Returns a PNG with a bar for each hour before this time. The same alerts give the same bytes, as a post that is
/// repeated with its key must have the same content.
pub(crate) fn png(alerts: impl Iterator<Item = DateTime<Utc>>, end: DateTime<Utc>) -> Vec<u8> {
    let ages: Vec<i64> = alerts.map(|alert| (end - alert).num_hours()).collect();
    let of_hour = |hour| ages.iter().filter(|age| **age == hour).count();
    let counts: Vec<usize> = (0..HOURS).rev().map(of_hour).collect();
    let highest = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut pixels = Vec::new();
    for level in (1..=HEIGHT).rev() {
        for count in &counts {
            let shade = if level <= count * HEIGHT / highest { 0x40 } else { 0xf0 };
            // The gap, and the bar.
            pixels.extend([[0xf0; 2].as_slice(), &[shade; 14]].concat());
        }
    }
    let size = [pixels.len() / HEIGHT, HEIGHT].map(|pixels| u32::try_from(pixels).expect("the image is small"));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[0], size[1]);
    encoder.set_color(png::ColorType::Grayscale);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.expect("a vector takes everything");
    bytes
}
