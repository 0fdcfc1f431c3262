//! Paths of the operating system, for functions of the core, which take strings.

use std::path::Path;

use teamwire_core::{
    Error,
    error::InvalidInput,
    model::{Image, Upload},
};

/// Returns an upload of the file at this path: see [`Upload::from_path`], which takes a string.
///
/// # Errors
///
/// `InvalidInput` if the path is not Unicode.
pub fn upload_file(path: impl AsRef<Path>) -> Result<Upload, Error> {
    path_to_string(path).map(Upload::from_path)
}

/// Returns the image in the file at this path: see [`Image::from_path`], which takes a string.
///
/// # Errors
///
/// `InvalidInput` if the path is not Unicode.
pub fn image_file(path: impl AsRef<Path>) -> Result<Image, Error> {
    path_to_string(path).map(Image::from_path)
}

/// Returns this path as a string, for functions such as [`Chats::download_to`](teamwire_core::Chats::download_to).
///
/// # Errors
///
/// `InvalidInput` if the path is not Unicode.
pub fn path_to_string(path: impl AsRef<Path>) -> Result<String, Error> {
    let path = path.as_ref();
    let text = path
        .to_str()
        .ok_or_else(|| InvalidInput::new("path", format!("{:?} is not Unicode", path.to_string_lossy())))?;
    Ok(text.to_owned())
}
