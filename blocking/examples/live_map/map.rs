use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, MutexGuard, PoisonError},
};

use teamwire_blocking::{
    ChatRef, Error, FeedEvent,
    model::{Coordinates, LiveLocationUpdate, UserId},
};

use crate::page::escaped;

/// Width and height of the map.
const SIZE: f64 = 1000.0;
/// Lines of the grid in each direction.
const LINES: u32 = 10;

/// The names and positions of the users who share theirs.
#[derive(Default)]
pub(crate) struct Map(Mutex<BTreeMap<UserId, (String, Coordinates)>>);

impl Map {
    /// Follows the live locations of the chat until the feed ends.
    pub(crate) fn follow(&self, chat: &ChatRef) -> Result<(), Error> {
        for event in chat.live_locations(None) {
            match event? {
                FeedEvent::Started(_) => println!("Following the chat."),
                FeedEvent::Update { item, .. } => self.record(&item),
                // Shares that have ended in the gap would stay forever. Others report their next position soon.
                FeedEvent::Gap(_) => self.positions().clear(),
                FeedEvent::Retrying(failure) => eprintln!("attempt {} failed: {}", failure.attempt, failure.error),
                _ => {}
            }
        }
        Ok(())
    }

    fn record(&self, update: &LiveLocationUpdate) {
        if update.ended {
            self.positions().remove(&update.user.uid);
        } else {
            let shown = (update.user.to_string(), update.coordinates);
            self.positions().insert(update.user.uid.clone(), shown);
        }
    }

    /// The drawing. It covers all positions, and at least a hundredth of a degree.
    pub(crate) fn svg(&self) -> String {
        let positions = self.positions();
        let (south, height) = range(positions.values().map(|(_, at)| at.lat()));
        let (west, width) = range(positions.values().map(|(_, at)| at.lon()));
        let mut svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-60 -20 {0} {0}\">\n", SIZE + 80.0);
        for line in 0..=LINES {
            let part = f64::from(line) / f64::from(LINES);
            let (at, lon, lat) = (part * SIZE, west + part * width, south + (1.0 - part) * height);
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.0} 0V{SIZE}M0 {at:.0}H{SIZE}\" stroke=\"#ccc\"/>\
                 <text x=\"{at:.0}\" y=\"{SIZE}\" dy=\"20\" font-size=\"12\" text-anchor=\"middle\">{lon:.4}</text>\
                 <text x=\"-5\" y=\"{at:.0}\" font-size=\"12\" text-anchor=\"end\">{lat:.4}</text>"
            );
        }
        for (name, at) in positions.values() {
            let (x, y) = ((at.lon() - west) / width * SIZE, (1.0 - (at.lat() - south) / height) * SIZE);
            let name = escaped(name);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"10\" fill=\"#c33\"/>\
                 <text x=\"{x:.0}\" y=\"{y:.0}\" dx=\"15\" dy=\"6\">{name}</text>"
            );
        }
        svg + "</svg>\n"
    }

    fn positions(&self) -> MutexGuard<'_, BTreeMap<UserId, (String, Coordinates)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the start and the length of a range around these degrees, with a margin.
fn range(degrees: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (min, max) = degrees.fold((f64::MAX, f64::MIN), |(min, max), at| (min.min(at), max.max(at)));
    if min > max {
        return (0.0, 1.0);
    }
    let length = ((max - min) * 1.2).max(0.01);
    (f64::midpoint(min, max) - length / 2.0, length)
}
