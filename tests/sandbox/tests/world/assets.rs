use serde_json::json;
use teamwire_sandbox::{
    org,
    world::{Admission, UploadStart},
};

use crate::stage::{Answer, Asked, Stage};

const NAME: &str = "attachment; filename*=UTF-8''Dienstplan%20M%C3%A4rz.pdf";

fn upload<'s>(stage: &'s mut Stage, bytes: &[u8]) -> Asked<'s> {
    let upload = stage.ask("POST", "/v1/assets").header("content-disposition", NAME);
    upload.header("content-type", "application/pdf").body(bytes.to_vec())
}

fn download(stage: &mut Stage, id: &str, headers: &[(&str, &str)]) -> Answer {
    let ask = stage.ask("GET", &format!("/v1/assets/{id}"));
    headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).answer()
}

#[test]
fn what_is_uploaded_comes_back_whole_and_by_its_name() {
    let mut stage = Stage::new();
    let stored = upload(&mut stage, b"0123456789").answer().is(201);
    let id = stored.text("/id");
    let expected = json!({ "id": id, "file_name": "Dienstplan März.pdf", "media_type": "application/pdf", "size": 10 });
    assert_eq!(stored.body, expected);
    let whole = download(&mut stage, &id, &[]).is(200);
    assert_eq!(whole.bytes, b"0123456789");
    assert_eq!(whole.headers["content-type"], "application/pdf");
    assert_eq!(whole.headers["content-disposition"], NAME);
    assert_eq!(whole.headers["content-length"], "10");
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    let posted = json!({ "attachments": [{ "kind": "file", "asset": id }, { "kind": "gallery", "images": [id, id] }] });
    let message = stage.post("/v1/chats/t-lobby/messages", &posted).is(201);
    assert_eq!(message.body["attachments"][0], json!({ "kind": "file", "asset": expected }));
    assert_eq!(message.body["attachments"][1]["images"], json!([expected, expected]));
}

#[test]
fn a_download_goes_on_where_it_was_cut() {
    let mut stage = Stage::new();
    let id = upload(&mut stage, b"0123456789").answer().is(201).text("/id");
    let etag = download(&mut stage, &id, &[]).headers["etag"].to_str().expect("an ETag").to_owned();
    let rest = download(&mut stage, &id, &[("range", "bytes=4-"), ("if-range", &etag)]).is(206);
    assert_eq!(rest.bytes, b"456789");
    assert_eq!(rest.headers["content-range"], "bytes 4-9/10");
    assert_eq!(rest.headers["content-length"], "6");
    assert_eq!(rest.headers["etag"], etag.as_str());
    // Another asset now, or no single range: all of it.
    assert_eq!(download(&mut stage, &id, &[("range", "bytes=4-"), ("if-range", "\"x\"")]).is(200).bytes.len(), 10);
    assert_eq!(download(&mut stage, &id, &[("range", "bytes=1-2,4-5")]).is(200).bytes.len(), 10);
    let behind = download(&mut stage, &id, &[("range", "bytes=10-")]).fails(416, "range_not_satisfiable");
    assert_eq!(behind.headers["content-range"], "bytes */10");
    let empty = upload(&mut stage, b"").answer().is(201).text("/id");
    assert!(download(&mut stage, &empty, &[]).is(200).bytes.is_empty());
}

#[test]
fn an_upload_needs_a_name_and_a_media_type() {
    let mut stage = Stage::new();
    let bare = |stage: &mut Stage, headers: &[(&str, &str)]| {
        let ask = stage.ask("POST", "/v1/assets").body(b"x".to_vec());
        headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).answer()
    };
    bare(&mut stage, &[("content-disposition", NAME)]).fails(415, "unsupported_media_type");
    bare(&mut stage, &[("content-disposition", NAME), ("content-type", "pdf")]).is(415);
    let gzip = [("content-disposition", NAME), ("content-type", "a/b"), ("content-encoding", "gzip")];
    bare(&mut stage, &gzip).fails(415, "unsupported_media_type");
    bare(&mut stage, &[("content-type", "text/plain")]).fails(400, "invalid_request");
    let folder = "attachment; filename*=UTF-8''..%2Fpasswd";
    bare(&mut stage, &[("content-type", "text/plain"), ("content-disposition", folder)]).is(400);
    stage.world.set_asset_limit(4);
    upload(&mut stage, b"12345").answer().fails(413, "payload_too_large");
    upload(&mut stage, b"1234").answer().is(201);
}

#[test]
fn an_upload_that_is_repeated_is_stored_once() {
    let mut stage = Stage::new();
    let first = upload(&mut stage, b"once").key("k").answer().is(201);
    let again = upload(&mut stage, b"once").key("k").answer().is(201);
    assert_eq!(first.bytes, again.bytes);
    upload(&mut stage, b"other").key("k").answer().fails(422, "idempotency_mismatch");
    let renamed = stage.ask("POST", "/v1/assets").header("content-disposition", "attachment; filename*=UTF-8''b");
    let renamed = renamed.header("content-type", "application/pdf").key("k").body(b"once".to_vec()).answer();
    renamed.fails(422, "idempotency_mismatch");
}

#[test]
fn a_key_is_in_progress_while_its_upload_arrives_and_free_if_that_is_cut_off() {
    let mut stage = Stage::new();
    let head = |stage: &Stage| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let token = STANDARD.encode(format!("{}:{}", stage.key.app_id, stage.key.secret));
        let request = http::Request::post("/v1/assets")
            .header("authorization", format!("Basic {token}"))
            .header("content-type", "application/pdf")
            .header("content-disposition", NAME)
            .header("idempotency-key", "k");
        request.body(()).expect("a request").into_parts().0
    };
    let (now, parts) = (stage.now(), head(&stage));
    let Admission::Admit(admitted) = stage.world.admit(now, parts) else { panic!("it is admitted") };
    let UploadStart::Receive(arriving) = stage.world.begin_upload(now, admitted) else { panic!("it begins") };
    upload(&mut stage, b"x").key("k").answer().fails(409, "in_progress");
    stage.world.abort_upload(arriving);
    upload(&mut stage, b"x").key("k").answer().is(201);
}

#[test]
fn an_asset_is_seen_where_a_message_shows_it() {
    let mut stage = Stage::new();
    let id = stage.act(org::BEN).upload("map.png", "image/png", b"map");
    download(&mut stage, &id, &[]).fails(404, "not_found");
    let message = json!({ "attachments": [{ "kind": "file", "asset": id }] });
    stage.post("/v1/chats/t-lobby/messages", &message).fails(404, "not_found");
    let mid = stage.act(org::BEN).post_json(org::NOTICES, &message).expect("Ben is a member");
    assert_eq!(download(&mut stage, &id, &[]).is(200).bytes, b"map");
    // Then the bot may show it elsewhere too.
    stage.act(org::BEN).delete(org::NOTICES, &mid).expect("it is his");
    download(&mut stage, &id, &[]).fails(404, "not_found");
}
