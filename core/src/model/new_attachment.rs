use alloc::{vec, vec::Vec};
use core::{slice, time::Duration};

use serde::{Deserialize, Serialize};

use super::{CalendarEvent, LiveLocation, Location, Poll, Upload};
use crate::error::Error;

/// An attachment to be sent.
///
/// It is created from a [`CalendarEvent`], a [`Location`], a [`LiveLocation`], a [`Poll`] or an [`Upload`] by `into()`.
/// An upload becomes a file; the functions below create the other attachments from uploads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "an attachment does nothing until it is posted"]
pub struct NewAttachment(AttachmentKind);

/// The kind of a [`NewAttachment`], and its content.
///
/// ```
/// use teamwire_core::model::{AttachmentKind, NewAttachment, Upload};
///
/// let attachment = NewAttachment::file(Upload::from_path("/var/log/backup.log"));
/// assert!(matches!(attachment.kind(), AttachmentKind::File(log) if log.file_name == "backup.log"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AttachmentKind {
    /// A calendar event.
    #[doc(alias = "CALENDAR")]
    Calendar(CalendarEvent),
    /// A location.
    #[doc(alias = "LOCATION")]
    Location(Location),
    /// A live location share.
    #[doc(alias = "LIVE_LOCATION")]
    LiveLocation(LiveLocation),
    /// One or more images.
    #[doc(alias = "GALLERY")]
    Gallery(Vec<Upload>),
    /// An audio recording and its duration, if known.
    #[doc(alias = "SOUND")]
    Sound(Upload, Option<Duration>),
    /// A video and its duration, if known.
    #[doc(alias = "VIDEO")]
    Video(Upload, Option<Duration>),
    /// Any file.
    #[doc(alias = "FILE")]
    File(Upload),
    /// A question with options to choose from.
    #[doc(alias = "POLL")]
    Poll(Poll),
}

impl NewAttachment {
    /// Creates an attachment from any file.
    pub const fn file(upload: Upload) -> Self {
        Self(AttachmentKind::File(upload))
    }

    /// Creates a gallery with a single image, such as a graph.
    ///
    /// ```
    /// use teamwire_core::{Draft, model::{NewAttachment, Upload}};
    ///
    /// let graph = NewAttachment::image(Upload::from_path("/tmp/load.png"));
    /// let draft = Draft::text("The load is high").attach(graph);
    /// ```
    pub fn image(upload: Upload) -> Self {
        Self(AttachmentKind::Gallery(vec![upload]))
    }

    /// Creates a gallery: images that are shown together.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there are no images. The protocol limits their number when the gallery is posted: the default
    /// one to [50](crate::protocol::V1::MAX_IMAGES).
    pub fn gallery(images: impl IntoIterator<Item = Upload>) -> Result<Self, Error> {
        let images: Vec<Upload> = images.into_iter().collect();
        if images.is_empty() {
            return Err(Error::invalid("gallery", "must have at least one image"));
        }
        Ok(Self(AttachmentKind::Gallery(images)))
    }

    /// Creates an audio recording, with its duration if known, which is sent with millisecond precision.
    pub fn sound(upload: Upload, duration: impl Into<Option<Duration>>) -> Self {
        Self(AttachmentKind::Sound(upload, duration.into()))
    }

    /// Creates a video, with its duration if known, which is sent with millisecond precision.
    pub fn video(upload: Upload, duration: impl Into<Option<Duration>>) -> Self {
        Self(AttachmentKind::Video(upload, duration.into()))
    }

    /// Returns an error if one of these cannot be posted, although one like it may have been received.
    pub(crate) fn check_all(attachments: &[Self]) -> Result<(), Error> {
        attachments.iter().try_for_each(|attachment| match &attachment.0 {
            AttachmentKind::Calendar(event) => event.check(),
            AttachmentKind::Poll(poll) => poll.check(),
            _ => Ok(()),
        })
    }

    /// Returns the duration of the live location share among these, if there is one.
    pub(crate) fn share_in(attachments: &[Self]) -> Option<Duration> {
        attachments.iter().find_map(|attachment| match &attachment.0 {
            AttachmentKind::LiveLocation(live) => Some(live.duration),
            _ => None,
        })
    }

    /// Returns the kind and the content.
    pub const fn kind(&self) -> &AttachmentKind {
        &self.0
    }

    /// Returns the files of the attachment, which a protocol may have to store before the message is posted.
    pub fn uploads(&self) -> &[Upload] {
        match &self.0 {
            AttachmentKind::Gallery(images) => images,
            AttachmentKind::Sound(upload, _) | AttachmentKind::Video(upload, _) | AttachmentKind::File(upload) => {
                slice::from_ref(upload)
            }
            AttachmentKind::Calendar(_)
            | AttachmentKind::Location(_)
            | AttachmentKind::LiveLocation(_)
            | AttachmentKind::Poll(_) => &[],
        }
    }
}

impl From<Upload> for NewAttachment {
    fn from(file: Upload) -> Self {
        Self::file(file)
    }
}

/// A list of attachments, as returned by `new_attachments`.
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attachments(Vec<NewAttachment>);

impl Attachments {
    /// Creates an empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an attachment.
    pub fn add(&mut self, attachment: impl Into<NewAttachment>) -> &mut Self {
        self.0.push(attachment.into());
        self
    }

    /// Returns the number of attachments.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if the list is empty.
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
            fn from(value: $name) -> Self {
                Self(AttachmentKind::$variant(value))
            }
        }
    )* };
}

attachable! { Calendar(CalendarEvent) Location(Location) LiveLocation(LiveLocation) Poll(Poll) }
