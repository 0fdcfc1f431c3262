use serde_json::json;
use teamwire_sandbox::org;

use crate::stage::{Answer, Stage};

const PATH: &str = "/v1/chats/t-lobby/avatar";

/// The head of a JPEG of this size: enough to tell what it is.
pub(crate) fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let ([wide, width], [high, height]) = (width.to_be_bytes(), height.to_be_bytes());
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    bytes.extend_from_slice(b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    bytes.extend_from_slice(&[0xff, 0xc0, 0, 17, 8, high, height, wide, width, 3]);
    bytes.extend_from_slice(&[1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xd9]);
    bytes
}

fn set(stage: &mut Stage, bytes: Vec<u8>) -> Answer {
    stage.ask("PUT", PATH).header("content-type", "image/jpeg").body(bytes).answer()
}

#[test]
fn an_avatar_is_a_jpeg_of_600_by_600_pixels_at_most() {
    let mut stage = Stage::new();
    stage.get(PATH).fails(404, "image_load");
    assert_eq!(set(&mut stage, jpeg(600, 600)).is(200).text("/tid"), org::LOBBY);
    let shown = stage.get(PATH).is(200);
    assert_eq!((shown.headers["content-type"].to_str().ok(), shown.bytes), (Some("image/jpeg"), jpeg(600, 600)));
    for bytes in [jpeg(601, 600), jpeg(1, 601), b"GIF89a".to_vec(), Vec::new(), vec![0xff, 0xd8, 0xff]] {
        set(&mut stage, bytes).fails(422, "image_load");
    }
    let png = stage.ask("PUT", PATH).header("content-type", "image/png").body(jpeg(1, 1)).answer();
    png.fails(415, "unsupported_media_type");
    let bytes = stage.ask("PUT", PATH).header("content-type", "application/octet-stream").body(jpeg(1, 1)).answer();
    bytes.is(200);
    stage.ask("PUT", PATH).header("content-type", "application/octet-stream").body(vec![0; 9]).answer().is(422);
    set(&mut stage, vec![0; 5 * 1024 * 1024 + 1]).fails(413, "payload_too_large");
    let notices = "/v1/chats/t-notices/avatar";
    let other = stage.ask("PUT", notices).header("content-type", "image/jpeg").body(jpeg(1, 1)).answer();
    other.fails(403, "auth");
}

#[test]
fn an_avatar_is_removed_once_and_not_if_it_is_fixed() {
    let mut stage = Stage::new();
    stage.delete(PATH).fails(403, "image_remove");
    set(&mut stage, jpeg(1, 1)).is(200);
    stage.world.org_settings().avatar_removal = false;
    stage.delete(PATH).fails(403, "image_remove");
    stage.world.org_settings().avatar_removal = true;
    stage.delete(PATH).is(200);
    stage.get(PATH).fails(404, "image_load");
    stage.delete("/v1/chats/t-notices/avatar").fails(403, "auth");
}

#[test]
fn a_new_chat_takes_an_uploaded_image_as_its_avatar() {
    let mut stage = Stage::new();
    let upload = |stage: &mut Stage, bytes: Vec<u8>| {
        let ask = stage.ask("POST", "/v1/assets").header("content-disposition", "attachment; filename*=UTF-8''a.jpg");
        ask.header("content-type", "image/jpeg").body(bytes).answer().is(201).text("/id")
    };
    let (good, large) = (upload(&mut stage, jpeg(300, 200)), upload(&mut stage, jpeg(1200, 800)));
    let body = |id: &str| json!({ "type": "group", "title": "x", "avatar": id });
    stage.post("/v1/chats", &body(&large)).fails(422, "image_load");
    let foreign = stage.act(org::BEN).upload("a.jpg", "image/jpeg", &jpeg(1, 1));
    stage.post("/v1/chats", &body(&foreign)).fails(422, "image_load");
    let tid = stage.post("/v1/chats", &body(&good)).is(201).text("/tid");
    assert_eq!(stage.get(&format!("/v1/chats/{tid}/avatar")).is(200).bytes, jpeg(300, 200));
}
