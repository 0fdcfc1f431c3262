use ureq::http::HeaderMap;

/// Parts of a response that are withheld from ureq, which logs every byte that it reads: a server may repeat the
/// credentials of a request in any of them.
#[derive(Debug, Default)]
pub(super) struct WithheldResponse {
    /// All header fields.
    pub(super) headers: HeaderMap,
    /// Data of the body, in place of which ureq has as many zeros.
    data: Vec<u8>,
    /// Length of the data that has been taken.
    taken: usize,
}

impl WithheldResponse {
    /// Stores data, and replaces it by zeros.
    pub(super) fn store(&mut self, data: &mut [u8]) {
        self.data.extend_from_slice(data);
        data.fill(0);
    }

    /// Moves as much of the data as fits into the buffer. Returns its length.
    pub(super) fn take(&mut self, room: &mut [u8]) -> usize {
        let rest = &self.data[self.taken..];
        let length = rest.len().min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        if self.taken == self.data.len() {
            self.data.clear();
            self.taken = 0;
        }
        length
    }
}
