//! The alerts of the last 24 hours as a bar chart.

use teamwire_blocking::chrono::{DateTime, Utc};

const HOURS: usize = 24;
/// Width of a bar with its gap, and height of the image, in pixels.
const BAR: usize = 16;
const HEIGHT: usize = 96;

/// Returns a PNG with a bar for each hour before this time. The same alerts give the same bytes, as a post that is
/// repeated with its key must have the same content.
pub(crate) fn png(alerts: impl IntoIterator<Item = DateTime<Utc>>, end: DateTime<Utc>) -> Vec<u8> {
    let mut counts = [0; HOURS];
    for alert in alerts {
        let age = usize::try_from((end - alert).num_hours()).unwrap_or(HOURS);
        if let Some(count) = counts.get_mut(age) {
            *count += 1;
        }
    }
    let highest = counts.into_iter().max().unwrap_or(0).max(1);
    let mut pixels = Vec::new();
    for y in 0..HEIGHT {
        for x in 0..HOURS * BAR {
            let height = counts[HOURS - 1 - x / BAR] * HEIGHT / highest;
            let is_bar = x % BAR > 1 && HEIGHT - y <= height;
            pixels.push(if is_bar { 0x40 } else { 0xf0 });
        }
    }
    let size = [HOURS * BAR, HEIGHT].map(|pixels| u32::try_from(pixels).expect("the image is small"));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[0], size[1]);
    encoder.set_color(png::ColorType::Grayscale);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.expect("a vector takes everything");
    bytes
}
