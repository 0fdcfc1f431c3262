//! Responses that are not the requested asset: none of them becomes a file.

use teamwire_core::{Error, ErrorKind};
use teamwire_sandbox::{Fault, Rule};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{ANY_ASSET, Folder, shown};

const CONTENT: &[u8] = b"12345";

/// Downloads the PDF [`CONTENT`] into memory and into a file, from a server that always sends this response instead.
fn downloaded<H: Harness>(response: &str) -> [Result<Vec<u8>, Error>; 2] {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let asset = shown(&fixture, CONTENT);
    fixture.sandbox.faults().add(Rule::new(Fault::raw(format!("HTTP/1.1 {response}"))).on("GET", ANY_ASSET).always());
    let in_memory = fixture.wait(fixture.client.chats().download(&asset));
    let as_file = fixture.wait(fixture.client.chats().download_to(&asset, folder.path("plan.pdf")));
    let files = folder.content();
    assert_eq!(files.len(), usize::from(as_file.is_ok()), "{response:?} left {files:?}");
    [in_memory, as_file.map(|()| files.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>().concat())]
}

/// Asserts that each download fails with a message that contains these words.
#[track_caller]
fn refused<H: Harness>(response: &str, status: u16, why: &str) {
    for result in downloaded::<H>(response) {
        let error = result.expect_err(response);
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{response:?}: {error}");
        let text = error.to_string();
        assert!(text.contains(why), "{response:?}: {text}");
        // The length is checked after the response.
        assert!(error.status().is_none_or(|it| it == status), "{response:?}: {text}");
    }
}

#[executor_test]
fn asset_has_its_size_whatever_the_head_claims<H: Harness>() {
    for tag in ["", "ETag: \"v1\"\r\n"] {
        for (body, why) in [("123", "received 3"), ("", "received 0")] {
            refused::<H>(&format!("200 OK\r\n{tag}Content-Length: {}\r\n\r\n{body}", body.len()), 200, why);
            refused::<H>(&format!("200 OK\r\n{tag}\r\n{body}"), 200, why);
        }
        for result in [format!("Content-Length: 6\r\n{tag}\r\n123456"), format!("{tag}\r\n{}", "x".repeat(300_000))] {
            for result in downloaded::<H>(&format!("200 OK\r\n{result}")) {
                assert_eq!(result.expect_err("it is longer").kind(), ErrorKind::UnexpectedResponse);
            }
        }
    }
    for result in downloaded::<H>("200 OK\r\nContent-Length: 5\r\n\r\n12345") {
        assert_eq!(result.expect("it is the asset"), CONTENT);
    }
}

#[executor_test]
fn unrequested_part_is_not_an_asset<H: Harness>() {
    for range in ["", "Content-Range: bytes 0-4/5\r\n", "Content-Range: bytes 0-4/9\r\n"] {
        let part = format!("206 Partial Content\r\n{range}ETag: \"v1\"\r\nContent-Length: 5\r\n\r\n12345");
        refused::<H>(&part, 206, "received part of the content");
    }
}

#[executor_test]
fn only_a_status_of_200_has_an_asset<H: Harness>() {
    for status in [201, 202, 203, 299] {
        let response = format!("{status} Whatever\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\n12345");
        refused::<H>(&response, status, &status.to_string());
    }
    refused::<H>("204 No Content\r\n\r\n", 204, "204");
    refused::<H>("202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, "202");
}

#[executor_test]
fn page_in_place_of_an_asset_is_refused<H: Harness>() {
    let response = |media_type: &str| format!("200 OK\r\n{media_type}ETag: \"v1\"\r\nContent-Length: 5\r\n\r\n12345");
    for media_type in ["text/html", "TEXT/HTML; charset=utf-8", "application/json", "application/problem+json;x=y"] {
        let essence = media_type.split(';').next().unwrap_or_default().to_lowercase();
        refused::<H>(&response(&format!("Content-Type: {media_type}\r\n")), 200, &essence);
    }
    for media_type in [
        "",
        "Content-Type: Application/PDF; version=1.7\r\n",
        "Content-Type: application/octet-stream\r\n",
        "Content-Type: application/x-pdf\r\n",
        "Content-Type: \r\n",
    ] {
        for result in downloaded::<H>(&response(media_type)) {
            assert_eq!(result.expect(media_type), CONTENT);
        }
    }
}

#[executor_test(adapters)]
fn page_longer_than_the_asset_is_reported_as_a_page<H: Harness>() {
    let page = "<html>".repeat(100);
    let long = format!("200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    refused::<H>(&long, 200, "text/html");
}

#[executor_test]
fn asset_that_is_encoded_is_refused<H: Harness>() {
    for coding in ["gzip", "br", "identity, GZIP", "x-unknown"] {
        let response = format!("200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 5\r\n\r\n12345");
        refused::<H>(&response, 200, "content coding");
    }
    for result in downloaded::<H>("200 OK\r\nContent-Encoding: Identity\r\nContent-Length: 5\r\n\r\n12345") {
        assert_eq!(result.expect("the content is unchanged"), CONTENT);
    }
}
