//! Files of people: byte for byte, and never run by a browser.

use serde_json::Value;
use teamwire_sandbox::Sandbox;

use crate::client::Api;

const OCTETS: [(&str, &str); 1] = [("content-type", "application/octet-stream")];

fn upload(api: &Api, name: &str, media_type: &str, bytes: &[u8]) -> String {
    let path = format!("/people/u-anna/assets?file_name={name}&media_type={media_type}");
    let response = api.send("POST", &path, &OCTETS, bytes);
    assert_eq!(response.status(), 201, "{}", String::from_utf8_lossy(response.body()));
    let asset: Value = serde_json::from_slice(response.body()).expect("it is JSON");
    assert_eq!(asset["size"], bytes.len());
    asset["id"].as_str().expect("it is text").to_owned()
}

#[test]
fn file_is_saved_byte_for_byte() {
    let api = Api::start();
    let large: Vec<u8> = (0..20_000_000_u32).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    for bytes in [&b""[..], b"\0", &large] {
        let id = upload(&api, "data.bin", "application/octet-stream", bytes);
        let saved = api.send("GET", &format!("/people/u-anna/assets/{id}"), &[], b"");
        assert!(saved.body() == bytes, "{} bytes", bytes.len());
    }
    let id = upload(&api, "data.bin", "application/octet-stream", b"0123456789");
    let path = format!("/people/u-anna/assets/{id}");
    let part = api.send("GET", &path, &[("range", "bytes=2-4")], b"");
    assert_eq!((part.status().as_u16(), &part.body()[..]), (206, &b"234"[..]));
    assert_eq!(api.send("GET", &path, &[("range", "bytes=10-")], b"").status(), 416);
    assert_eq!(api.send("GET", &path.replace("u-anna", "u-ben"), &[], b"").status(), 404);
}

#[test]
fn hostile_file_is_only_an_attachment() {
    let api = Api::start();
    let files: [(&str, &str, &[u8]); 6] = [
        ("page.html", "text/html", b"<script>alert(1)</script>"),
        ("image.svg", "image/svg%2Bxml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("photo.png", "image/png", b"<script>alert(1)</script>"),
        ("paper.pdf", "application/pdf", b"%PDF-1.7"),
        ("feed.xml", "application/xml", b"<?xml version='1.0'?>"),
        ("code.js", "text/javascript", b"alert(1)"),
    ];
    for (name, media_type, bytes) in files {
        let id = upload(&api, name, media_type, bytes);
        let saved = api.send("GET", &format!("/people/u-anna/assets/{id}"), &[], b"");
        let header = |name: &str| saved.headers()[name].to_str().expect("it is text").to_owned();
        assert_eq!(header("content-type"), "application/octet-stream", "{name}");
        assert!(header("content-disposition").starts_with("attachment;"), "{name}");
        assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"), "{name}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let inline = api.send("GET", &format!("/people/u-anna/assets/{id}/inline"), &[], b"");
        assert_eq!(inline.status(), 415, "{name}");
    }
    // The type is that of the bytes, whatever the sender said.
    let id = upload(&api, "page.html", "text/html", b"\x89PNG\r\n\x1a\n<script>");
    let inline = api.send("GET", &format!("/people/u-anna/assets/{id}/inline"), &[], b"");
    assert_eq!(inline.headers()["content-type"], "image/png");
    assert!(!inline.headers().contains_key("content-disposition"));
}

#[test]
fn invalid_upload_is_refused() {
    let api = Api::with(Sandbox::builder().asset_limit(10));
    let status = |query: &str, bytes: &[u8]| {
        api.send("POST", &format!("/people/u-anna/assets?{query}"), &OCTETS, bytes).status().as_u16()
    };
    assert_eq!(status("file_name=a&media_type=a/b", b"0123456789"), 201);
    assert_eq!(status("file_name=a&media_type=a/b", b"0123456789x"), 413);
    assert_eq!(status("file_name=a", b""), 400);
    assert_eq!(status("media_type=a/b", b""), 400);
    assert_eq!(status("file_name=..%2Fa&media_type=a/b", b""), 400);
    assert_eq!(status("file_name=a%5Cb&media_type=a/b", b""), 400);
    assert_eq!(status("file_name=&media_type=a/b", b""), 400);
    assert_eq!(status("file_name=a&media_type=a", b""), 400);
    assert_eq!(status("file_name=a&media_type=a/b%0D%0Ax:y", b""), 400);
    let unknown = "/people/u-nobody/assets?file_name=a&media_type=a/b";
    assert_eq!(api.send("POST", unknown, &OCTETS, b"").status(), 404);
}
