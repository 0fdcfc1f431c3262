//! Operations as machines: [`Flow`], its combinators, lists that are read [item by item](ListItems), and the building
//! blocks of the operations.

mod attached;
pub(crate) mod backoff;
pub(crate) mod call;
mod changed;
mod combinators;
mod download;
pub(crate) mod file_call;
mod image;
mod list_items;
mod observed;
mod pages;
pub(crate) mod paginator;
mod pause;
mod post;
mod ready;
mod requests;
mod resume;
mod upload;

pub(crate) use self::{
    attached::Attachments,
    changed::Changed,
    combinators::{IgnoreResult, Inspect, Lazy, MapError, MaybeReady},
    download::DownloadToFile,
    image::LoadImage,
    list_items::RecentIds,
    observed::{Observed, Subject},
    pause::Pause,
    ready::ready,
    resume::Resume,
    upload::Uploads,
};
pub use self::{
    combinators::{Flow, Map, Then},
    list_items::{ListEnd, ListItems},
};
