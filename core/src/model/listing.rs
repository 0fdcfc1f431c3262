use alloc::{string::String, vec, vec::Vec};
use core::{fmt, ops::Deref};

use serde::{Deserialize, Serialize};

use crate::redaction::Redaction;

/// Maximum number of undecoded items kept individually, per list.
const MAX_UNDECODED: usize = 1_000;

/// All items of a list, from all of its pages.
///
/// It dereferences to a slice of the decoded items. Malformed items do not fail the list: they are in
/// [`undecoded`](Self::undecoded).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing<T> {
    items: Vec<T>,
    #[serde(default)]
    undecoded: Vec<Undecoded>,
}

/// An item of a list, or an event of a feed, that this version cannot decode.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Undecoded {
    /// The JSON, as the server sent it, without [secrets](crate::Credentials). A long one is cut.
    pub json: String,
    /// The reason, with the place in the JSON.
    pub reason: String,
    #[serde(skip)]
    pub(crate) redaction: Redaction,
}

impl Undecoded {
    /// Creates an undecoded item from its JSON (or other text) and the reason.
    ///
    /// Its [`Debug`](fmt::Debug) shows both unchanged, so neither may contain credentials.
    pub fn new(json: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { json: json.into(), reason: reason.into(), redaction: Redaction::default() }
    }
}

/// Redacts credentials that the server may have echoed.
impl fmt::Debug for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = self.redaction.shown(&self.json);
        f.debug_struct("Undecoded").field("json", &json).field("reason", &self.reason).finish()
    }
}

impl<T> Listing<T> {
    /// Creates a list of these items, and of those that could not be decoded. A list in which all items were decoded
    /// can be collected from an iterator.
    ///
    /// ```
    /// use teamwire_core::{User, model::{Listing, Undecoded}};
    ///
    /// let anna = User::new("u-anna", "Anna", "Berg");
    /// let users = Listing::new(vec![anna], vec![Undecoded::new("{}", "the id is missing")]);
    /// assert_eq!((users.len(), users.undecoded().len()), (1, 1));
    /// ```
    pub const fn new(items: Vec<T>, undecoded: Vec<Undecoded>) -> Self {
        Self { items, undecoded }
    }

    /// The items that could not be decoded; almost always empty. Of more than 1,000, the first ones, and a last entry
    /// for all others.
    pub fn undecoded(&self) -> &[Undecoded] {
        &self.undecoded
    }

    /// Returns the decoded items.
    pub fn into_vec(self) -> Vec<T> {
        self.items
    }

    pub(crate) fn push_undecoded(&mut self, item: Undecoded) {
        self.undecoded.push(item);
    }

    pub(crate) fn into_parts(self) -> (Vec<T>, Vec<Undecoded>) {
        (self.items, self.undecoded)
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        if self.items.is_empty() {
            // Most lists have one page, which need not be copied.
            self.items = other.items;
        } else {
            self.items.append(&mut other.items);
        }
        if self.undecoded.len() <= MAX_UNDECODED {
            self.undecoded.append(&mut other.undecoded);
        }
        if self.undecoded.len() > MAX_UNDECODED {
            self.undecoded.truncate(MAX_UNDECODED);
            self.undecoded.push(Undecoded::new("", "more items cannot be decoded"));
        }
    }

    pub(crate) fn map<U>(self, f: impl FnMut(T) -> U) -> Listing<U> {
        Listing { items: self.items.into_iter().map(f).collect(), undecoded: self.undecoded }
    }
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self::new(Vec::new(), Vec::new())
    }
}

impl<T> FromIterator<T> for Listing<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::new(items.into_iter().collect(), Vec::new())
    }
}

impl<T> Deref for Listing<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> IntoIterator for Listing<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Listing<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
