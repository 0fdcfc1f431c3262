//! The avatar of a chat.

use http::{HeaderValue, Response, StatusCode, header};

use super::assets::content_response;
use crate::world::{
    call::Call,
    contract::problem::Problem,
    outcome::{OperationResult, Outcome},
    state::{
        World,
        assets::{Asset, jpeg_dimensions},
        chat::Avatar,
    },
};

/// The maximum size of an avatar in bytes.
pub(crate) const MAX_AVATAR_BYTES: u64 = 5 * 1024 * 1024;

/// The maximum width and height in pixels.
const MAX_SIDE: usize = 600;

/// Checks that an image of this size can be an avatar; `None` if it is not a JPEG.
pub(crate) fn check(size: Option<(usize, usize)>) -> Result<(), Problem> {
    match size {
        Some((width, height)) if width <= MAX_SIDE && height <= MAX_SIDE => Ok(()),
        Some((width, height)) => Err(Problem::invalid_image(format!(
            "The image is {width}x{height} pixels; at most {MAX_SIDE}x{MAX_SIDE} are allowed."
        ))),
        None => Err(Problem::invalid_image("The image is not a JPEG of at most 5 MiB.")),
    }
}

/// Checks that an asset can be an avatar.
pub(crate) fn check_asset(asset: &Asset) -> Result<(), Problem> {
    check(asset.file.jpeg.filter(|_| asset.file.size <= MAX_AVATAR_BYTES))
}

pub(crate) fn get(world: &mut World, call: &Call) -> OperationResult {
    let chat = world.chat(&call.actor, call.id(0))?;
    let mut head = Response::new(());
    head.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    let none = || Problem::new(StatusCode::NOT_FOUND, "image_load", "The chat has no avatar.");
    match chat.avatar.as_ref().ok_or_else(none)? {
        Avatar::Jpeg(bytes) => {
            head.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
            Ok(Outcome::Response(head.map(|()| bytes.clone())))
        }
        Avatar::Asset(id) => {
            let asset = world.asset_by_id(id).ok_or_else(none)?;
            Ok(content_response(asset, head, 0..asset.file.size).into())
        }
    }
}

pub(crate) fn set(world: &mut World, call: &Call) -> OperationResult {
    world.chat(&call.actor, call.id(0))?.require_admin(&call.actor)?;
    check(jpeg_dimensions(&call.bytes))?;
    world.chat_mut(&call.actor, call.id(0))?.avatar = Some(Avatar::Jpeg(call.bytes.clone()));
    world.publish_avatar_change(call.now, call.id(0));
    world.chat_response(call)
}

pub(crate) fn remove(world: &mut World, call: &Call) -> OperationResult {
    let allowed = world.org_settings.avatar_removal;
    let chat = world.chat_mut(&call.actor, call.id(0))?;
    let reject = |detail: &str| Err(Problem::not_allowed("image_remove", detail));
    if !allowed {
        return reject("The organisation does not allow removing avatars.");
    }
    chat.require_admin(&call.actor)?;
    if chat.avatar.take().is_none() {
        return reject("The chat has no avatar to remove.");
    }
    world.publish_avatar_change(call.now, call.id(0));
    world.chat_response(call)
}
