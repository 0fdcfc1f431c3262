//! Compares received texts with expected ones.

use std::{
    collections::{HashMap, HashSet},
    ops::AddAssign,
};

/// The differences between expected and received texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) lost: usize,
    pub(crate) duplicated: usize,
    pub(crate) out_of_order: usize,
}

impl Tally {
    /// Compares received texts with expected ones, which are unique. Other texts are ignored, unless they repeat.
    pub(crate) fn compare(expected: &[String], arrived: &[String]) -> Self {
        let places: HashMap<&str, usize> =
            expected.iter().enumerate().map(|(place, text)| (text.as_str(), place)).collect();
        let mut seen = HashSet::new();
        let mut tally = Self::default();
        let mut furthest = 0;
        for text in arrived {
            if !seen.insert(text.as_str()) {
                tally.duplicated += 1;
            } else if let Some(&place) = places.get(text.as_str()) {
                if place < furthest {
                    tally.out_of_order += 1;
                }
                furthest = furthest.max(place);
            }
        }
        tally.lost = expected.iter().filter(|text| !seen.contains(text.as_str())).count();
        tally
    }

    /// Returns true if every expected text was received once and in order.
    pub(crate) fn is_clean(self) -> bool {
        self == Self::default()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.out_of_order += other.out_of_order;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(expected: &str, arrived: &str) -> (usize, usize, usize) {
        let texts = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let Tally { lost, duplicated, out_of_order } = Tally::compare(&texts(expected), &texts(arrived));
        (lost, duplicated, out_of_order)
    }

    #[test]
    fn differences_are_counted_by_kind() {
        assert_eq!(compare("a b c", "a b c"), (0, 0, 0));
        assert_eq!(compare("a b c", "a c"), (1, 0, 0));
        assert_eq!(compare("a b c", "a b b c c"), (0, 2, 0));
        assert_eq!(compare("a b c", "b a c"), (0, 0, 1));
        assert_eq!(compare("a b c d", "d b b"), (2, 1, 1));
        assert_eq!(compare("a", "a x"), (0, 0, 0));
    }
}
