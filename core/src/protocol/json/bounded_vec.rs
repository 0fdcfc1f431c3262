use alloc::vec::Vec;

/// Number of bytes that a list may take per byte that it is read from. The smallest things that can be decoded are a dozen
/// bytes of JSON, and a few hundred in memory.
const TIMES: usize = 11;
/// Number of bytes that a list may take in any case.
const BASE: usize = 64 << 10;
const NESTED_BASE: usize = 1 << 10;

/// A list whose size in memory is bounded by the bytes that it is read from. It grows in small steps: a list that doubles
/// takes up to three times its size.
pub(in crate::protocol) struct BoundedVec<T> {
    items: Vec<T>,
    most: usize,
}

impl<T> BoundedVec<T> {
    /// Room for what a body of this size has.
    pub(in crate::protocol) fn new(bytes: usize) -> Self {
        Self::with_base(bytes, BASE)
    }

    /// Room for a list of this size in something else.
    pub(super) fn nested(bytes: usize) -> Self {
        Self::with_base(bytes, NESTED_BASE)
    }

    fn with_base(bytes: usize, base: usize) -> Self {
        Self { items: Vec::new(), most: bytes.saturating_mul(TIMES).saturating_add(base) / size_of::<T>().max(1) }
    }

    pub(in crate::protocol) fn is_full(&self) -> bool {
        self.items.len() >= self.most
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
