use std::io::{self, Read};

use super::request_context::RequestContext;

/// Reader of a body through ureq that replaces the zeros by the data.
pub(super) struct RestoredBody<R>(pub(super) R);

impl<R: Read> Read for RestoredBody<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(buffer)?;
        let restored = RequestContext::with(|context| context.withheld_response.take(&mut buffer[..length]));
        if restored < length {
            return Err(io::Error::other("the body is longer than its data"));
        }
        Ok(length)
    }
}
