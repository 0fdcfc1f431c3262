use alloc::{format, vec, vec::Vec};
use core::{slice, time::Duration};

use super::{CalendarEvent, LiveLocation, Location, Poll, Upload};
use crate::error::Error;

/// Something to attach to a message.
///
/// A [`CalendarEvent`], a [`Location`], a [`LiveLocation`] and a [`Poll`] are attachments as they are, and an [`Upload`] is a
/// file; what else can be made of uploads is below.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAttachment(pub(crate) New);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum New {
    Calendar(CalendarEvent),
    Location(Location),
    LiveLocation(LiveLocation),
    Gallery(Vec<Upload>),
    Sound(Upload, Option<Duration>),
    Video(Upload, Option<Duration>),
    File(Upload),
    Poll(Poll),
}

impl NewAttachment {
    /// The most images a gallery can have.
    pub const MAX_IMAGES: usize = 50;

    /// Any file.
    pub const fn file(upload: Upload) -> Self {
        Self(New::File(upload))
    }

    /// Images, shown together. Raises `InvalidInput` unless there are 1 to 50.
    pub fn gallery(images: impl IntoIterator<Item = Upload>) -> Result<Self, Error> {
        let images: Vec<Upload> = images.into_iter().collect();
        if !(1..=Self::MAX_IMAGES).contains(&images.len()) {
            let why = format!("it has {} images; it must have 1 to {}", images.len(), Self::MAX_IMAGES);
            return Err(Error::invalid("gallery", why));
        }
        Ok(Self(New::Gallery(images)))
    }

    /// A recording, and how long it lasts (to the millisecond), if that is known.
    pub fn sound(upload: Upload, duration: impl Into<Option<Duration>>) -> Self {
        Self(New::Sound(upload, duration.into()))
    }

    /// A video, and how long it lasts (to the millisecond), if that is known.
    pub fn video(upload: Upload, duration: impl Into<Option<Duration>>) -> Self {
        Self(New::Video(upload, duration.into()))
    }

    /// How long the location is shared that these begin to share, if they do.
    pub(crate) fn share_in(attachments: &[Self]) -> Option<Duration> {
        attachments.iter().find_map(|attachment| match &attachment.0 {
            New::LiveLocation(live) => Some(live.duration),
            _ => None,
        })
    }

    /// What has to be stored before this can be sent.
    pub(crate) fn uploads(&self) -> &[Upload] {
        match &self.0 {
            New::Gallery(images) => images,
            New::Sound(upload, _) | New::Video(upload, _) | New::File(upload) => slice::from_ref(upload),
            New::Calendar(_) | New::Location(_) | New::LiveLocation(_) | New::Poll(_) => &[],
        }
    }
}

impl From<Upload> for NewAttachment {
    fn from(file: Upload) -> Self {
        Self::file(file)
    }
}

/// Attachments, one after the other: what `new_attachments` gives.
///
/// ```
/// use teamwire_core::{model::{Attachments, Poll, Upload}, Draft};
///
/// let mut attachments = Attachments::new();
/// attachments.add(Upload::from_bytes("plan.txt", "stay calm"));
/// attachments.add(Poll::new("Who is on call?", ["Anna", "Ben"])?);
/// let draft = Draft::text("Tonight").attach_all(attachments);
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attachments(Vec<NewAttachment>);

impl Attachments {
    /// No attachments yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one.
    pub fn add(&mut self, attachment: impl Into<NewAttachment>) -> &mut Self {
        self.0.push(attachment.into());
        self
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Attachments {
    type Item = NewAttachment;
    type IntoIter = vec::IntoIter<NewAttachment>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

macro_rules! attachable {
    ($($variant:ident($name:ident))*) => { $(
        impl From<$name> for NewAttachment {
            fn from(it: $name) -> Self {
                Self(New::$variant(it))
            }
        }
    )* };
}

attachable! { Calendar(CalendarEvent) Location(Location) LiveLocation(LiveLocation) Poll(Poll) }
