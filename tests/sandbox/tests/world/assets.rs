use serde_json::json;
use teamwire_sandbox::{
    org,
    world::{Admission, UploadStart},
};

use crate::fixture::{Fixture, RequestBuilder, TestResponse};

const NAME: &str = "attachment; filename*=UTF-8''Dienstplan%20M%C3%A4rz.pdf";

fn upload<'s>(fixture: &'s mut Fixture, bytes: &[u8]) -> RequestBuilder<'s> {
    let upload = fixture.request("POST", "/v1/assets").header("content-disposition", NAME);
    upload.header("content-type", "application/pdf").body(bytes.to_vec())
}

fn download(fixture: &mut Fixture, id: &str, headers: &[(&str, &str)]) -> TestResponse {
    let request = fixture.request("GET", &format!("/v1/assets/{id}"));
    headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send()
}

#[test]
fn upload_is_downloaded_unchanged_with_its_name() {
    let mut fixture = Fixture::new();
    let stored = upload(&mut fixture, b"0123456789").send().assert_status(201);
    let id = stored.string("/id");
    let expected = json!({ "id": id, "file_name": "Dienstplan März.pdf", "media_type": "application/pdf", "size": 10 });
    assert_eq!(stored.body, expected);
    let whole = download(&mut fixture, &id, &[]).assert_status(200);
    assert_eq!(whole.bytes, b"0123456789");
    assert_eq!(whole.headers["content-type"], "application/pdf");
    assert_eq!(whole.headers["content-disposition"], NAME);
    assert_eq!(whole.headers["content-length"], "10");
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    let posted = json!({ "attachments": [{ "kind": "file", "asset": id }, { "kind": "gallery", "images": [id, id] }] });
    let message = fixture.post("/v1/chats/t-lobby/messages", &posted).assert_status(201);
    assert_eq!(message.body["attachments"][0], json!({ "kind": "file", "asset": expected }));
    assert_eq!(message.body["attachments"][1]["images"], json!([expected, expected]));
}

#[test]
fn download_supports_ranges() {
    let mut fixture = Fixture::new();
    let id = upload(&mut fixture, b"0123456789").send().assert_status(201).string("/id");
    let etag = download(&mut fixture, &id, &[]).headers["etag"].to_str().expect("the ETag is ASCII").to_owned();
    let rest = download(&mut fixture, &id, &[("range", "bytes=4-"), ("if-range", &etag)]).assert_status(206);
    assert_eq!(rest.bytes, b"456789");
    assert_eq!(rest.headers["content-range"], "bytes 4-9/10");
    assert_eq!(rest.headers["content-length"], "6");
    assert_eq!(rest.headers["etag"], etag.as_str());
    // For another ETag, or several ranges, the whole asset is returned.
    assert_eq!(
        download(&mut fixture, &id, &[("range", "bytes=4-"), ("if-range", "\"x\"")]).assert_status(200).bytes.len(),
        10
    );
    assert_eq!(download(&mut fixture, &id, &[("range", "bytes=1-2,4-5")]).assert_status(200).bytes.len(), 10);
    let behind = download(&mut fixture, &id, &[("range", "bytes=10-")]).assert_problem(416, "range_not_satisfiable");
    assert_eq!(behind.headers["content-range"], "bytes */10");
    let empty = upload(&mut fixture, b"").send().assert_status(201).string("/id");
    assert!(download(&mut fixture, &empty, &[]).assert_status(200).bytes.is_empty());
}

#[test]
fn upload_requires_a_name_and_a_media_type() {
    let mut fixture = Fixture::new();
    let bare = |fixture: &mut Fixture, headers: &[(&str, &str)]| {
        let request = fixture.request("POST", "/v1/assets").body(b"x".to_vec());
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send()
    };
    bare(&mut fixture, &[("content-disposition", NAME)]).assert_problem(415, "unsupported_media_type");
    bare(&mut fixture, &[("content-disposition", NAME), ("content-type", "pdf")]).assert_status(415);
    let gzip = [("content-disposition", NAME), ("content-type", "a/b"), ("content-encoding", "gzip")];
    bare(&mut fixture, &gzip).assert_problem(415, "unsupported_media_type");
    bare(&mut fixture, &[("content-type", "text/plain")]).assert_problem(400, "invalid_request");
    let folder = "attachment; filename*=UTF-8''..%2Fpasswd";
    bare(&mut fixture, &[("content-type", "text/plain"), ("content-disposition", folder)]).assert_status(400);
    fixture.world.set_asset_limit(4);
    upload(&mut fixture, b"12345").send().assert_problem(413, "payload_too_large");
    upload(&mut fixture, b"1234").send().assert_status(201);
}

#[test]
fn repeated_upload_is_stored_once() {
    let mut fixture = Fixture::new();
    let first = upload(&mut fixture, b"once").key("k").send().assert_status(201);
    let again = upload(&mut fixture, b"once").key("k").send().assert_status(201);
    assert_eq!(first.bytes, again.bytes);
    upload(&mut fixture, b"other").key("k").send().assert_problem(422, "idempotency_mismatch");
    let renamed = fixture.request("POST", "/v1/assets").header("content-disposition", "attachment; filename*=UTF-8''b");
    let renamed = renamed.header("content-type", "application/pdf").key("k").body(b"once".to_vec()).send();
    renamed.assert_problem(422, "idempotency_mismatch");
}

#[test]
fn idempotency_key_is_free_again_after_an_aborted_upload() {
    let mut fixture = Fixture::new();
    let head = |fixture: &Fixture| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let token = STANDARD.encode(format!("{}:{}", fixture.key.app_id, fixture.key.secret));
        let request = http::Request::post("/v1/assets")
            .header("authorization", format!("Basic {token}"))
            .header("content-type", "application/pdf")
            .header("content-disposition", NAME)
            .header("idempotency-key", "k");
        request.body(()).expect("the request is valid").into_parts().0
    };
    let (now, parts) = (fixture.now(), head(&fixture));
    let Admission::Admit(admitted) = fixture.world.admit(now, parts) else { panic!("the request is admitted") };
    let UploadStart::Receive(arriving) = fixture.world.begin_upload(now, admitted) else { panic!("the upload begins") };
    upload(&mut fixture, b"x").key("k").send().assert_problem(409, "in_progress");
    fixture.world.abort_upload(arriving);
    upload(&mut fixture, b"x").key("k").send().assert_status(201);
}

#[test]
fn asset_is_visible_through_its_message() {
    let mut fixture = Fixture::new();
    let id = fixture.as_person(org::BEN).upload("map.png", "image/png", b"map");
    download(&mut fixture, &id, &[]).assert_problem(404, "not_found");
    let message = json!({ "attachments": [{ "kind": "file", "asset": id }] });
    fixture.post("/v1/chats/t-lobby/messages", &message).assert_problem(404, "not_found");
    let mid = fixture.as_person(org::BEN).post_json(org::NOTICES, &message).expect("Ben is a member");
    assert_eq!(download(&mut fixture, &id, &[]).assert_status(200).bytes, b"map");
    // The bot can no longer see the asset of a deleted message.
    fixture.as_person(org::BEN).delete(org::NOTICES, &mid).expect("the message is his");
    download(&mut fixture, &id, &[]).assert_problem(404, "not_found");
}
