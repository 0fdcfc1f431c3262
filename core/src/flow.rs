//! Operations as machines: [`Flow`], its combinators, and the building blocks of the operations.

mod attached;
pub(crate) mod backoff;
pub(crate) mod call;
mod changed;
mod combinators;
mod download;
pub(crate) mod file_call;
mod image;
mod observed;
pub(crate) mod paginator;
mod pause;
mod post;
mod ready;
mod requests;
mod resume;
mod upload;

pub use self::combinators::{Flow, Map, Then};
pub(crate) use self::{
    attached::Attachments,
    changed::Changed,
    combinators::{Inspect, Known, Lazy, MapError, Regardless},
    download::DownloadToFile,
    image::LoadImage,
    observed::{run_observed, run_unobserved},
    pause::Pause,
    ready::ready,
    resume::Resume,
    upload::Uploads,
};
