use alloc::{format, string::String, sync::Arc, vec::Vec};
use core::convert::Infallible;

use crate::{
    effect::{FileOutcome, FileTask, Now},
    error::{Cause, Error, InvalidImage},
    flow::{file_call::FileCall, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::{FileSource, Image},
    protocol::ImageLimits,
    session::Session,
};

/// Loads an image, from its file if it has one, and validates it. The output is the bytes to send.
#[derive(Debug)]
pub(crate) struct LoadImage {
    name: String,
    limits: ImageLimits,
    state: State,
}

#[derive(Debug)]
enum State {
    Loaded(Arc<Vec<u8>>),
    Reading(FileCall),
    Finished,
}

impl LoadImage {
    pub(crate) fn new(session: &Session, image: Image) -> Self {
        let limits = session.protocol().image_limits();
        match image.source {
            FileSource::Bytes(bytes) => Self { name: "given as bytes".into(), limits, state: State::Loaded(bytes) },
            FileSource::Path(path) => {
                let read = FileTask::Read { path: path.clone(), limit: limits.max_bytes };
                Self { name: path, limits, state: State::Reading(FileCall::new(session, read)) }
            }
        }
    }

    fn invalid(&self, reason: impl Into<String>) -> Error {
        Cause::Image(InvalidImage { name: self.name.clone(), reason: reason.into() }).into()
    }

    fn checked(&self, bytes: Arc<Vec<u8>>) -> Result<Arc<Vec<u8>>, Error> {
        match validate_jpeg(&bytes, self.limits) {
            Ok(()) => Ok(bytes),
            Err(reason) => Err(self.invalid(reason)),
        }
    }
}

impl Machine for LoadImage {
    type Event = Infallible;
    type Output = Arc<Vec<u8>>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Arc<Vec<u8>>, Error>> {
        let bytes = match &mut self.state {
            State::Finished => return Step::Done(Err(Error::finished())),
            State::Loaded(bytes) => Ok(Arc::clone(bytes)),
            State::Reading(call) => match ready!(call.poll(now)) {
                Ok(FileOutcome::Bytes(bytes)) => Ok(Arc::new(bytes)),
                Ok(_) => Err(self.invalid("the executor did not read it")),
                Err(error) => match error.cause() {
                    Cause::File(file) => Err(self.invalid(format!("{file}"))),
                    _ => Err(error),
                },
            },
        };
        let checked = bytes.and_then(|bytes| self.checked(bytes));
        self.state = State::Finished;
        Step::Done(checked)
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let State::Reading(call) = &mut self.state {
            call.handle(now, ticket, reply);
        }
    }
}

/// Checks that the bytes are a complete JPEG within the size limits of an avatar.
fn validate_jpeg(bytes: &[u8], limits: ImageLimits) -> Result<(), String> {
    let ImageLimits { max_bytes, max_side } = limits;
    if bytes.len() as u64 > max_bytes {
        return Err(format!("it has {} bytes; the maximum is {max_bytes}", bytes.len()));
    }
    let Some((frame, rest)) = bytes.strip_prefix(&[0xFF, 0xD8]).and_then(frame) else {
        return Err("not a JPEG with a frame header".into());
    };
    let [width, height] = frame;
    if width == 0 || height == 0 || width.max(height) > max_side {
        return Err(format!("it has {width}x{height} pixels; the maximum is {max_side}x{max_side}"));
    }
    if has_end_marker(rest) { Ok(()) } else { Err("the JPEG is truncated: its end marker is missing".into()) }
}

/// Returns the width and height of the frame header, and the bytes after it.
fn frame(mut jpeg: &[u8]) -> Option<([u16; 2], &[u8])> {
    loop {
        let (marker, segment, rest) = segment(jpeg)?;
        match (marker, segment) {
            (0xC4 | 0xC8 | 0xCC, _) => {}
            (0xC0..=0xCF, [_, high, low, wide, narrow, ..]) => {
                return Some(([[*wide, *narrow], [*high, *low]].map(u16::from_be_bytes), rest));
            }
            // A scan before the frame, or a frame that is too short.
            (0xC0..=0xCF | 0xDA, _) => return None,
            _ => {}
        }
        jpeg = rest;
    }
}

/// Returns `true` if the image itself has its end marker: after the start of the scan, because a segment before it may
/// contain a complete thumbnail.
fn has_end_marker(mut jpeg: &[u8]) -> bool {
    while let Some((marker, _, rest)) = segment(jpeg) {
        if marker == 0xDA {
            return rest.windows(2).any(|pair| pair == [0xFF, 0xD9]);
        }
        jpeg = rest;
    }
    false
}

/// Returns the marker and the content of the next segment, after any number of fill bytes, and the bytes after it.
/// `None` for a marker without a segment, which cannot come before a scan.
fn segment(jpeg: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let fill = jpeg.iter().take_while(|byte| **byte == 0xFF).count();
    let (marker, rest) = jpeg.get(fill..)?.split_first()?;
    if fill == 0 || matches!(marker, 0x00 | 0x01 | 0xD0..=0xD9) {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
    Some((*marker, rest.get(2..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(bytes: &[u8]) -> Result<(), String> {
        validate_jpeg(bytes, ImageLimits::new(1 << 20, 600))
    }

    const START: &[u8] = &[0xFF, 0xD8];
    const SCAN: &[u8] = &[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x7F, 0xFF, 0xD9];

    /// Returns the frame header of a square image.
    fn frame_header(side: u16) -> Vec<u8> {
        let [high, low] = side.to_be_bytes();
        [0xFF, 0xC0, 0, 11, 8, high, low, high, low, 1, 1, 0x11, 0].to_vec()
    }

    #[test]
    fn the_size_is_that_of_the_frame_a_decoder_uses() {
        let (small, large) = (frame_header(8), frame_header(9_000));
        assert_eq!(validate(&[START, &small, SCAN].concat()), Ok(()));
        assert_eq!(validate(&[START, &[0xFF, 0xFF], &small, SCAN].concat()), Ok(()), "fill bytes are allowed");
        // The bytes after a marker without a length are the next marker, although they could be read as a length.
        let hidden = [START, &[0xFF, 0x01, 0, 15], &large, &small, SCAN].concat();
        assert!(validate(&hidden).is_err());
        let filled = [START, &[0xFF], &large, &small, SCAN].concat();
        assert!(validate(&filled).is_err_and(|reason| reason.contains("9000x9000")));
        assert!(validate(&[START, &large, SCAN].concat()).is_err_and(|reason| reason.contains("9000x9000")));
    }

    #[test]
    fn a_truncated_image_is_rejected() {
        let whole = [START, &frame_header(8), SCAN].concat();
        for length in 0..whole.len() {
            assert!(validate(&whole[..length]).is_err(), "{length} bytes");
        }
    }
}
