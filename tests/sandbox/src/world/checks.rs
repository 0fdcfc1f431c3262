//! Checks of a request that do not depend on the state of the world: 415 and 400.

use http::header;

use super::{
    call::{BodyKind, Call},
    contract::{headers::is_media_type, problem::Problem},
    ids::{digest, is_id},
};

/// Checks a request and stores its body in the call. Returns the digest of the body.
pub(crate) fn check_request(call: &mut Call, bytes: Vec<u8>) -> Result<u64, Problem> {
    check_media_type(call)?;
    check_head(call)?;
    match call.operation.body {
        BodyKind::None => return Ok(digest(&[])),
        BodyKind::Json => {
            call.json = serde_json::from_slice(&bytes)
                .map_err(|error| Problem::malformed(format!("The body is not valid JSON: {error}.")))?;
        }
        BodyKind::Jpeg | BodyKind::Upload => {}
    }
    let body_digest = digest(&[&bytes]);
    call.bytes = bytes;
    Ok(body_digest)
}

/// 415: an unsupported media type or content coding.
pub(crate) fn check_media_type(call: &Call) -> Result<(), Problem> {
    let expected: &[&str] = match call.operation.body {
        BodyKind::None => return Ok(()),
        BodyKind::Json => &["application/json"],
        // The image type is recognised from the bytes, so a client need not know it.
        BodyKind::Jpeg => &["image/jpeg", "application/octet-stream"],
        BodyKind::Upload => &[],
    };
    if call.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::unsupported_media_type("Content-Encoding is not accepted."));
    }
    let given = call.header(header::CONTENT_TYPE).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    let is_expected = match expected {
        [] => is_media_type(given),
        expected => expected.iter().any(|it| essence.eq_ignore_ascii_case(it)),
    };
    if is_expected {
        return Ok(());
    }
    let wanted = if expected.is_empty() { "a media type".to_owned() } else { expected.join(" or ") };
    Err(Problem::unsupported_media_type(&format!("Content-Type must be {wanted}.")))
}

/// 400: an invalid id in the path, or an invalid idempotency key.
pub(crate) fn check_head(call: &Call) -> Result<(), Problem> {
    if !call.ids.iter().all(|id| id.as_deref().is_some_and(is_id)) {
        return Err(Problem::malformed("An id in the path must be 1 to 128 characters in percent-encoded UTF-8."));
    }
    if !call.operation.is_mutation() {
        return Ok(());
    }
    let mut keys = call.headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(()) };
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    if keys.next().is_none() && visible && (1..=128).contains(&key.len()) {
        Ok(())
    } else {
        Err(Problem::malformed("Idempotency-Key must be given once, as 1 to 128 visible ASCII characters."))
    }
}
