use serde_json::json;
use teamwire_sandbox::org;

use crate::fixture::{Fixture, TestResponse};

const PATH: &str = "/v1/chats/t-lobby/avatar";

/// Returns the head of a JPEG of this size, which is enough to recognise it.
pub(crate) fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let ([wide, width], [high, height]) = (width.to_be_bytes(), height.to_be_bytes());
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    bytes.extend_from_slice(b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    bytes.extend_from_slice(&[0xff, 0xc0, 0, 17, 8, high, height, wide, width, 3]);
    bytes.extend_from_slice(&[1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xd9]);
    bytes
}

fn set(fixture: &mut Fixture, bytes: Vec<u8>) -> TestResponse {
    fixture.request("PUT", PATH).header("content-type", "image/jpeg").body(bytes).send()
}

#[test]
fn avatar_is_a_jpeg_of_at_most_600_by_600_pixels() {
    let mut fixture = Fixture::new();
    fixture.get(PATH).assert_problem(404, "image_load");
    assert_eq!(set(&mut fixture, jpeg(600, 600)).assert_status(200).string("/tid"), org::LOBBY);
    let shown = fixture.get(PATH).assert_status(200);
    assert_eq!((shown.headers["content-type"].to_str().ok(), shown.bytes), (Some("image/jpeg"), jpeg(600, 600)));
    for bytes in [jpeg(601, 600), jpeg(1, 601), b"GIF89a".to_vec(), Vec::new(), vec![0xff, 0xd8, 0xff]] {
        set(&mut fixture, bytes).assert_problem(422, "image_load");
    }
    let png = fixture.request("PUT", PATH).header("content-type", "image/png").body(jpeg(1, 1)).send();
    png.assert_problem(415, "unsupported_media_type");
    let bytes = fixture.request("PUT", PATH).header("content-type", "application/octet-stream").body(jpeg(1, 1)).send();
    bytes.assert_status(200);
    fixture
        .request("PUT", PATH)
        .header("content-type", "application/octet-stream")
        .body(vec![0; 9])
        .send()
        .assert_status(422);
    set(&mut fixture, vec![0; 5 * 1024 * 1024 + 1]).assert_problem(413, "payload_too_large");
    let notices = "/v1/chats/t-notices/avatar";
    let other = fixture.request("PUT", notices).header("content-type", "image/jpeg").body(jpeg(1, 1)).send();
    other.assert_problem(403, "auth");
}

#[test]
fn avatar_removal_needs_an_avatar_and_the_setting() {
    let mut fixture = Fixture::new();
    fixture.delete(PATH).assert_problem(403, "image_remove");
    set(&mut fixture, jpeg(1, 1)).assert_status(200);
    fixture.world.org_settings().avatar_removal = false;
    fixture.delete(PATH).assert_problem(403, "image_remove");
    fixture.world.org_settings().avatar_removal = true;
    fixture.delete(PATH).assert_status(200);
    fixture.get(PATH).assert_problem(404, "image_load");
    fixture.delete("/v1/chats/t-notices/avatar").assert_problem(403, "auth");
}

#[test]
fn new_chat_takes_an_uploaded_avatar() {
    let mut fixture = Fixture::new();
    let upload = |fixture: &mut Fixture, bytes: Vec<u8>| {
        let request =
            fixture.request("POST", "/v1/assets").header("content-disposition", "attachment; filename*=UTF-8''a.jpg");
        request.header("content-type", "image/jpeg").body(bytes).send().assert_status(201).string("/id")
    };
    let (good, large) = (upload(&mut fixture, jpeg(300, 200)), upload(&mut fixture, jpeg(1200, 800)));
    let body = |id: &str| json!({ "type": "group", "title": "x", "avatar": id });
    fixture.post("/v1/chats", &body(&large)).assert_problem(422, "image_load");
    let foreign = fixture.as_person(org::BEN).upload("a.jpg", "image/jpeg", &jpeg(1, 1));
    fixture.post("/v1/chats", &body(&foreign)).assert_problem(422, "image_load");
    let tid = fixture.post("/v1/chats", &body(&good)).assert_status(201).string("/tid");
    assert_eq!(fixture.get(&format!("/v1/chats/{tid}/avatar")).assert_status(200).bytes, jpeg(300, 200));
}
