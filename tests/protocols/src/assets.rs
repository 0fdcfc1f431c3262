//! Avatars, and the files of messages. Files are not stored beforehand: they are in the form of their post.

use std::sync::Arc;

use teamwire_core::{
    effect::{Form, Part},
    model::{Asset, ChatInfo, ThreadId},
    protocol::{Assets, Endpoint, EndpointResult, ExpectedContent, ImageLimits, Route},
};

use crate::{
    Second,
    attachments::post,
    json::{changed, chat},
};

const JPEG: &str = "image/jpeg";

impl Assets for Second {
    fn image_limits(&self) -> ImageLimits {
        ImageLimits::new(1 << 20, 600)
    }

    /// `GET api/chats/{id}/avatar/`.
    fn avatar(&self, tid: &ThreadId) -> EndpointResult<Vec<u8>> {
        let get = Endpoint::get(chat(tid)?.join("avatar/")).returns_content(ExpectedContent::of_type(JPEG));
        Ok(get.reads(|response| response.content()))
    }

    /// `POST api/chats/{id}/avatar/`: a form of `avatar`.
    fn set_avatar(&self, tid: &ThreadId, image: Arc<Vec<u8>>) -> EndpointResult<Option<ChatInfo>> {
        let form = Form::new().file("avatar", "avatar.jpg", JPEG, Part::bytes(image))?;
        Ok(changed(post(chat(tid)?.join("avatar/"), form)))
    }

    /// `DELETE api/chats/{id}/avatar/`.
    fn remove_avatar(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(changed(Endpoint::delete(chat(tid)?.join("avatar/"))))
    }

    /// `GET api/files/{id}/`.
    fn download(&self, asset: &Asset) -> EndpointResult<Vec<u8>> {
        let get = Endpoint::get(Route::new("api/files").id(&asset.asset_id)?.join(""));
        Ok(get.returns_content(ExpectedContent::asset(asset)).reads(|response| response.content()))
    }
}
