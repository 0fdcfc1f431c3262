//! Bodies on their way, and how far they are.

use std::io::{self, Read};

use teamwire_core::Progress;

/// A body on its way out, which is followed.
pub(crate) struct Leaving<'a, S> {
    pub(crate) bytes: u64,
    pub(crate) total: u64,
    pub(crate) progress: Option<&'a Progress>,
    pub(crate) source: S,
}

impl<S: Read> Read for Leaving<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.bytes += read as u64;
        if let Some(progress) = self.progress.filter(|_| read > 0) {
            progress.report(self.bytes, Some(self.total));
        }
        Ok(read)
    }
}

/// A body on its way in, which is counted, and followed if somebody wants to.
pub(crate) struct Arriving<'a, S> {
    /// How much had arrived before a cut.
    pub(crate) before: u64,
    pub(crate) bytes: &'a mut u64,
    pub(crate) length: Option<u64>,
    pub(crate) progress: Option<Progress>,
    pub(crate) source: S,
}

impl<S: Read> Read for Arriving<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        *self.bytes += read as u64;
        if let Some(progress) = self.progress.as_ref().filter(|_| read > 0) {
            progress.report(self.before + *self.bytes, self.length.map(|length| self.before + length));
        }
        Ok(read)
    }
}
