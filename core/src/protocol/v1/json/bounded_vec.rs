use alloc::vec::Vec;

/// Bytes of memory allowed per byte of JSON. The smallest items are a dozen bytes of JSON and a few hundred bytes in
/// memory.
const MEMORY_FACTOR: usize = 11;
/// Bytes of memory allowed in any case.
const BASE_BYTES: usize = 64 << 10;
/// The same for a list within an item.
const NESTED_BASE_BYTES: usize = 1 << 10;
/// Number of items by which a list of unknown size grows at least.
const MIN_GROWTH: usize = 4;

/// A list whose size in memory is limited in proportion to its JSON. It grows to the number of items that the rest of
/// the JSON has if they are as long as the ones so far, and in small steps beyond it, because doubling would need up to
/// three times the memory.
pub(in crate::protocol) struct BoundedVec<T> {
    items: Vec<T>,
    max_items: usize,
    /// Length of the JSON, and of the items so far.
    bytes: usize,
    used_bytes: usize,
}

impl<T> BoundedVec<T> {
    /// Creates a list for the items of a body of this size. `memory` is the size of an item in memory.
    pub(in crate::protocol) fn new(bytes: usize, memory: usize) -> Self {
        Self::with_base(bytes, memory, BASE_BYTES)
    }

    /// Creates a list for JSON of this size within an item.
    pub(super) fn nested(bytes: usize) -> Self {
        Self::with_base(bytes, size_of::<T>(), NESTED_BASE_BYTES)
    }

    /// Creates a list within an item whose JSON is read in one pass, so that its size is not known yet: see
    /// [`push_after`](Self::push_after).
    pub(super) const fn of_unknown_size() -> Self {
        Self { items: Vec::new(), max_items: 0, bytes: 0, used_bytes: 0 }
    }

    /// Adds an item to a list of unknown size, whose JSON has this length so far; `None` if that is too short for so
    /// many items.
    pub(super) fn push_after(&mut self, bytes: usize, item: T) -> Option<()> {
        self.max_items = Self::nested(bytes).max_items;
        if self.is_full() {
            return None;
        }
        let length = self.items.len();
        if length == self.items.capacity() {
            self.items.reserve_exact((length / 4).max(MIN_GROWTH));
        }
        self.items.push(item);
        Some(())
    }

    fn with_base(bytes: usize, memory: usize, base: usize) -> Self {
        let max_bytes = bytes.saturating_mul(MEMORY_FACTOR).saturating_add(base);
        Self { items: Vec::new(), max_items: max_bytes / memory.max(1), bytes, used_bytes: 0 }
    }

    pub(in crate::protocol) fn is_full(&self) -> bool {
        self.items.len() >= self.max_items
    }

    /// Adds an item whose JSON has this length.
    pub(in crate::protocol) fn push(&mut self, item: T, bytes: usize) {
        self.used_bytes += bytes;
        let length = self.items.len();
        if length == self.items.capacity() {
            let rest = self.bytes.saturating_sub(self.used_bytes);
            let expected = rest.saturating_mul(length + 1) / self.used_bytes.max(1);
            self.items.reserve_exact(expected.min(self.max_items.saturating_sub(length)).max(length / 8) + 1);
        }
        self.items.push(item);
    }

    pub(in crate::protocol) fn into_vec(mut self) -> Vec<T> {
        let (length, spare) = (self.items.len(), self.items.capacity() - self.items.len());
        // The room for one or two items costs less than a reallocation.
        if spare > (length / 8).max((length / 2).min(MIN_GROWTH / 2)) {
            self.items.shrink_to_fit();
        }
        self.items
    }
}
