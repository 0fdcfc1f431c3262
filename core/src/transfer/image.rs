use alloc::{format, string::String, sync::Arc, vec::Vec};
use core::convert::Infallible;

use imagesize::ImageType;

use crate::{
    clock::Now,
    error::{Error, UnfitImage},
    file::{FileDone, FileTask},
    file_call::FileCall,
    machine::{Machine, Reply, Step, Ticket},
    model::{Image, Source},
    session::Session,
    wire::assets::{MOST_IMAGE_BYTES, MOST_IMAGE_PIXELS},
};

/// An image, read where it is a file, and found fit: the bytes that are then the ones sent.
#[derive(Debug)]
pub(crate) struct ReadImage {
    name: String,
    at: At,
}

#[derive(Debug)]
enum At {
    Given(Arc<Vec<u8>>),
    Reading(FileCall),
    Over,
}

impl ReadImage {
    pub(crate) fn new(session: &Session, image: Image) -> Self {
        match image.0 {
            Source::Bytes(bytes) => Self { name: "given as bytes".into(), at: At::Given(bytes) },
            Source::Path(path) => {
                let read = FileTask::Read { path: path.clone(), limit: MOST_IMAGE_BYTES };
                Self { name: path, at: At::Reading(FileCall::new(session, read)) }
            }
        }
    }

    fn unfit(&self, why: impl Into<String>) -> Error {
        Error::Image(UnfitImage { name: self.name.clone(), why: why.into() })
    }

    fn checked(&self, bytes: Arc<Vec<u8>>) -> Result<Arc<Vec<u8>>, Error> {
        match fitness(&bytes) {
            Ok(()) => Ok(bytes),
            Err(why) => Err(self.unfit(why)),
        }
    }
}

impl Machine for ReadImage {
    type Event = Infallible;
    type Output = Arc<Vec<u8>>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Arc<Vec<u8>>, Error>> {
        let bytes = match &mut self.at {
            At::Over => return Step::Done(Err(Error::Finished)),
            At::Given(bytes) => Ok(Arc::clone(bytes)),
            At::Reading(call) => match call.poll(now).answer() {
                Ok(Ok(FileDone::Bytes(bytes))) => Ok(Arc::new(bytes)),
                Ok(Ok(_)) => Err(self.unfit("the executor did not read it")),
                Ok(Err(Error::File(file))) => Err(self.unfit(format!("{file}"))),
                Ok(Err(other)) => Err(other),
                Err(step) => return step,
            },
        };
        let checked = bytes.and_then(|bytes| self.checked(bytes));
        self.at = At::Over;
        Step::Done(checked)
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let At::Reading(call) = &mut self.at {
            call.handle(now, ticket, reply);
        }
    }
}

/// Whether the bytes are a whole JPEG of at most the size that an avatar may have.
fn fitness(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() as u64 > MOST_IMAGE_BYTES {
        return Err(format!("it has {} bytes; at most {MOST_IMAGE_BYTES} are allowed", bytes.len()));
    }
    if imagesize::image_type(bytes).ok() != Some(ImageType::Jpeg) {
        return Err("it is no JPEG, whatever its name says".into());
    }
    let size = imagesize::blob_size(bytes).map_err(|_| "the JPEG ends before it says its size")?;
    if size.width == 0 || size.height == 0 || size.width.max(size.height) > MOST_IMAGE_PIXELS {
        let (width, height) = (size.width, size.height);
        return Err(format!(
            "it has {width}x{height} pixels; at most {MOST_IMAGE_PIXELS}x{MOST_IMAGE_PIXELS} are allowed"
        ));
    }
    if ends(bytes) { Ok(()) } else { Err("the JPEG is cut off: its end is missing".into()) }
}

/// Whether the image itself has its end marker: after the segments (of which one may hold a whole thumbnail) and the
/// start of the scan.
fn ends(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = jpeg.get(at..at + 4) {
        if marker == 0xFF {
            // A fill byte.
            at += 1;
            continue;
        }
        let segment = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xDA {
            return jpeg.get(segment..).is_some_and(|scan| scan.windows(2).any(|pair| pair == [0xFF, 0xD9]));
        }
        at = segment;
    }
    false
}
