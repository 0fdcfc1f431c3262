use ureq::http::HeaderMap;

/// Parts of a response that are withheld from ureq, which logs every byte that it reads: a server may repeat the
/// credentials of a request in any of them.
#[derive(Default)]
pub(super) struct HiddenResponse {
    /// All header fields.
    pub(super) headers: HeaderMap,
    /// Data of the body, in place of which ureq has as many zeros.
    pub(super) data: Data,
}

/// Data of a body that has arrived. The memory is zeroed once, and not for each read.
#[derive(Default)]
pub(super) struct Data {
    /// The data is at `start..end`.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Data {
    /// Adds a copy of these bytes.
    pub(super) fn store(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Returns room for at least this number of bytes behind the data.
    pub(super) fn room(&mut self, least: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < least {
            self.bytes.resize(self.end + least, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Adds this number of bytes, which were put into the room.
    pub(super) fn extend(&mut self, length: usize) {
        self.end += length;
    }

    /// Returns the bytes that were not consumed.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Removes this number of bytes from the beginning.
    pub(super) fn consume(&mut self, length: usize) {
        self.start += length;
        debug_assert!(self.start <= self.end, "more was consumed than there is");
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Moves as much of the data as fits into the buffer. Returns its length.
    pub(super) fn take(&mut self, room: &mut [u8]) -> usize {
        let unread = self.unread();
        let length = unread.len().min(room.len());
        room[..length].copy_from_slice(&unread[..length]);
        self.consume(length);
        length
    }
}
