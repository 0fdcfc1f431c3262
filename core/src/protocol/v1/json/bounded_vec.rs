use alloc::vec::Vec;

/// Bytes of memory allowed per byte of JSON. The smallest items are a dozen bytes of JSON and a few hundred bytes in
/// memory.
const MEMORY_FACTOR: usize = 11;
/// Bytes of memory allowed in any case.
const BASE_BYTES: usize = 64 << 10;
/// The same for a list within an item.
const NESTED_BASE_BYTES: usize = 1 << 10;

/// A list whose size in memory is limited in proportion to its JSON. It grows in small steps, because doubling would
/// need up to three times the memory.
pub(in crate::protocol) struct BoundedVec<T> {
    items: Vec<T>,
    max_items: usize,
}

impl<T> BoundedVec<T> {
    /// Creates a list for the items of a body of this size.
    pub(in crate::protocol) fn new(bytes: usize) -> Self {
        Self::with_base(bytes, BASE_BYTES)
    }

    /// Creates a list for JSON of this size within an item.
    pub(super) fn nested(bytes: usize) -> Self {
        Self::with_base(bytes, NESTED_BASE_BYTES)
    }

    fn with_base(bytes: usize, base: usize) -> Self {
        Self {
            items: Vec::new(),
            max_items: bytes.saturating_mul(MEMORY_FACTOR).saturating_add(base) / size_of::<T>().max(1),
        }
    }

    pub(in crate::protocol) fn is_full(&self) -> bool {
        self.items.len() >= self.max_items
    }

    pub(in crate::protocol) fn push(&mut self, item: T) {
        let length = self.items.len();
        if length == self.items.capacity() {
            self.items.reserve_exact(length / 8 + 1);
        }
        self.items.push(item);
    }

    pub(in crate::protocol) fn into_vec(self) -> Vec<T> {
        self.items
    }
}
