//! Bytes on their way: images and attachments up, assets down.

mod download;
mod enclosed;
mod image;
mod post;
mod resume;
mod upload;

pub(crate) use self::{
    download::DownloadToFile, enclosed::Attached, image::LoadImage, resume::Resume, upload::Uploads,
};
