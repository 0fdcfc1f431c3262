use std::io::{self, ErrorKind, Read, Write};

use super::{hidden_response::Data, request_context::RequestContext};
use crate::transport::BodySource;

/// Number of bytes to write to a file at once, if as many follow each other.
const CHUNK_SIZE: usize = 64 << 10;
/// Length of the buffer for the zeros, which the cache of the processor holds.
const ZEROS: usize = 16 << 10;

/// Reader of a body through ureq that replaces the zeros by the data.
pub(super) struct RestoredBody<R>(pub(super) R);

impl<R: Read> Read for RestoredBody<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(buffer)?;
        let restored = RequestContext::with(|context| context.hidden_response.data.take(&mut buffer[..length]));
        if restored < length {
            return Err(longer_than_its_data());
        }
        Ok(length)
    }
}

/// Writes the data to the file from where it was received, without a copy.
impl<R: Read> BodySource for RestoredBody<R> {
    fn copy_to(mut self, file: &mut impl Write, mut on_bytes: impl FnMut(usize)) -> io::Result<()> {
        let mut zeros = vec![0; ZEROS];
        loop {
            let (length, ended) = self.skip(&mut zeros, &mut on_bytes);
            // Also before an error, as a download can continue behind the bytes that have arrived. A failed write is
            // final.
            let mut data = take_data();
            let written = file.write_all(data.unread().get(..length).ok_or_else(longer_than_its_data)?);
            data.consume(length);
            RequestContext::with(|context| context.hidden_response.data = data);
            written?;
            if let Some(ended) = ended {
                return ended;
            }
        }
    }
}

impl<R: Read> RestoredBody<R> {
    /// Reads zeros until there is enough data to write, or until the end. Returns the length of the data, and the
    /// result of the body if it has ended.
    fn skip(&mut self, zeros: &mut [u8], mut on_bytes: impl FnMut(usize)) -> (usize, Option<io::Result<()>>) {
        let (mut length, mut reported) = (0, 0);
        let ended = loop {
            match self.0.read(zeros) {
                Ok(0) => break Some(Ok(())),
                Ok(bytes) => length += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => break Some(Err(error)),
            }
            // All that has arrived is reported at once, and written, so that none has to be moved in the buffer.
            if length >= RequestContext::with(|context| context.hidden_response.data.unread().len()) {
                on_bytes(length - reported);
                reported = length;
                if length >= CHUNK_SIZE {
                    break None;
                }
            }
        };
        if reported < length {
            on_bytes(length - reported);
        }
        (length, ended)
    }
}

fn take_data() -> Data {
    RequestContext::with(|context| std::mem::take(&mut context.hidden_response.data))
}

fn longer_than_its_data() -> io::Error {
    io::Error::other("the body is longer than its data")
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, iter};

    use super::*;

    /// A body whose bytes arrive in these pieces, and which ends with this result.
    struct Arriving {
        pieces: VecDeque<Vec<u8>>,
        zeros: usize,
        end: Option<io::Error>,
    }

    impl Read for Arriving {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.zeros == 0
                && let Some(piece) = self.pieces.pop_front()
            {
                RequestContext::with(|context| context.hidden_response.data.store(&piece));
                self.zeros = piece.len();
            }
            let length = self.zeros.min(buffer.len());
            self.zeros -= length;
            if length == 0 { self.end.take().map_or(Ok(0), Err) } else { Ok(length) }
        }
    }

    fn pieces(lengths: impl IntoIterator<Item = usize>) -> VecDeque<Vec<u8>> {
        let mut next = (1..=250).cycle();
        lengths.into_iter().map(|length| next.by_ref().take(length).collect()).collect()
    }

    fn arriving(lengths: &[usize], end: Option<io::Error>) -> (RestoredBody<Arriving>, Vec<u8>) {
        RequestContext::replace(None);
        let pieces = pieces(lengths.iter().copied());
        let all = pieces.iter().flatten().copied().collect();
        (RestoredBody(Arriving { pieces, zeros: 0, end }), all)
    }

    /// A file that counts its writes.
    #[derive(Default)]
    struct Written(Vec<usize>, Vec<u8>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend(iter::once(bytes.len()).filter(|length| *length > 0));
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn data_is_written_in_pieces_of_what_has_arrived() {
        for lengths in [&[][..], &[1], &[100_000, 1], &[40_000, 40_000, 7], &[1; 1_000], &[CHUNK_SIZE; 5]] {
            let (body, all) = arriving(lengths, None);
            let (mut file, mut counted) = (Written::default(), 0);
            body.copy_to(&mut file, |bytes| counted += bytes).expect("it is complete");
            assert!(file.1 == all && counted == all.len(), "{lengths:?}");
            assert!(file.0.len() <= all.len() / CHUNK_SIZE + 1, "{lengths:?}: {:?}", file.0);

            let (mut body, all) = arriving(lengths, None);
            let mut read = Vec::new();
            body.read_to_end(&mut read).expect("it is complete");
            assert!(read == all, "{lengths:?}");
        }
    }

    #[test]
    fn data_before_an_error_is_written() {
        for lengths in [&[][..], &[5], &[CHUNK_SIZE, 5], &[40_000, 40_000, 7]] {
            let (body, all) = arriving(lengths, Some(ErrorKind::ConnectionReset.into()));
            let mut file = Written::default();
            let error = body.copy_to(&mut file, |_| {}).expect_err("it is not complete");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert!(file.1 == all, "{lengths:?}");
        }
    }

    #[test]
    fn bytes_behind_the_body_are_not_written() {
        let (RestoredBody(arriving), all) = arriving(&[5], None);
        // ureq ends the body at its length, whatever has arrived.
        let mut body = RestoredBody(arriving.take(4));
        body.read_exact(&mut [0; 2]).expect("it has four bytes");
        let mut file = Written::default();
        body.copy_to(&mut file, |_| {}).expect("it is complete");
        assert_eq!(file.1, all[2..4]);
    }

    #[test]
    fn a_body_without_its_data_is_an_error() {
        RequestContext::replace(None);
        let body = || RestoredBody(&[0; 3][..]);
        body().copy_to(&mut Written::default(), |_| {}).expect_err("there is no data");
        body().read(&mut [0; 3]).expect_err("there is no data");
    }
}
