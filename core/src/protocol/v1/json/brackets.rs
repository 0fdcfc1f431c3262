use alloc::vec::Vec;

/// Bytes of a body per recorded pair of brackets, so that the record is smaller than the body.
const BYTES_PER_PAIR: usize = 16;

/// The ends of the objects and arrays of a body, so that nested ones are skipped and not scanned again. Beyond a
/// maximum number, it has none.
#[derive(Debug)]
pub(super) struct Brackets {
    /// The address of the body.
    base: usize,
    /// Offsets of the opening brackets, in their order, and after the closing ones.
    pairs: Vec<(u32, u32)>,
}

impl Brackets {
    /// Returns the length of the object or array at the start of these bytes of the body, if it is recorded.
    pub(super) fn length(&self, bytes: &[u8]) -> Option<usize> {
        let start = u32::try_from(bytes.as_ptr().addr().checked_sub(self.base)?).ok()?;
        let index = self.pairs.binary_search_by_key(&start, |(start, _)| *start).ok()?;
        let (start, end) = self.pairs[index];
        Some((end - start) as usize)
    }
}

/// Records the brackets of a body while it is scanned from its start.
#[derive(Debug)]
pub(super) struct Recorder {
    brackets: Brackets,
    max_pairs: usize,
    /// Indices of the pairs without an end.
    open: Vec<u32>,
    /// The number of open brackets that are not recorded. They are within all recorded ones.
    unrecorded: usize,
}

impl Recorder {
    pub(super) fn new(body: &[u8]) -> Self {
        let brackets = Brackets { base: body.as_ptr().addr(), pairs: Vec::new() };
        // Offsets in a larger body would not fit.
        let max_pairs = if u32::try_from(body.len()).is_ok() { body.len() / BYTES_PER_PAIR } else { 0 };
        Self { brackets, max_pairs, open: Vec::new(), unrecorded: 0 }
    }

    /// Records an opening bracket.
    pub(super) fn open(&mut self, at: usize) {
        let pairs = &mut self.brackets.pairs;
        match (u32::try_from(at), u32::try_from(pairs.len())) {
            (Ok(start), Ok(index)) if pairs.len() < self.max_pairs => {
                self.open.push(index);
                pairs.push((start, start));
            }
            _ => self.unrecorded += 1,
        }
    }

    /// Records the closing bracket of the last open one.
    pub(super) fn close(&mut self, at: usize) {
        if self.unrecorded > 0 {
            self.unrecorded -= 1;
        } else if let (Some(index), Ok(end)) = (self.open.pop(), u32::try_from(at + 1)) {
            self.brackets.pairs[index as usize].1 = end;
        }
    }

    pub(super) fn finish(self) -> Brackets {
        self.brackets
    }
}
